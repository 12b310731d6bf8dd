import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { address, Bed } from './bed.ts';
let bed: Bed;
beforeAll(async () => { const t = performance.now(); bed = await Bed.open(); console.log('open', performance.now() - t); });
afterAll(async () => { if (bed) { console.log(bed.problems); await bed.close(); } });
beforeEach(async () => { const t = performance.now(); await bed.reset(); console.log('reset', performance.now() - t); });
test('at home', async () => {
  console.log(await bed.room.run('client', ['ping', '-c', '1', '-W', '2', address.guest('web').ipv4]));
  console.log(await bed.room.run('client', ['ping', '-c', '1', '-W', '2', address.guest('web').ipv6]));
  expect(1).toBe(1);
  await bed.move('web', 'b');
  console.log(await bed.room.run('client', ['ping', '-c', '1', '-W', '2', address.guest('web').ipv4]));
  console.log(await bed.room.run('client', ['ping', '-c', '1', '-W', '2', address.guest('web').ipv6]));
  console.log(await bed.room.run('client', ['ping', '-c', '1', '-W', '2', bed.careOf('web','b').ipv4]));
  console.log(await bed.room.run('client', ['ping', '-c', '1', '-W', '2', bed.careOf('web','b').ipv6]));
});
