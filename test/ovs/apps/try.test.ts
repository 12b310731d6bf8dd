import { afterAll, beforeAll, test } from 'vitest';
import { address, Bed } from './bed.ts';
let bed: Bed;
beforeAll(async () => { bed = await Bed.open(); });
afterAll(async () => { if (bed) { console.log(bed.problems); await bed.close(); } });
test('at home', async () => {
  let bad = 0;
  const t = performance.now();
  for (let i = 0; i < 12; i++) { console.log(performance.now() - t); await bed.reset(); console.log('reset', performance.now() - t); await bed.move('web', i % 2 ? 'b' : 'c'); console.log('moved', performance.now() - t);
  await bed.room.run('client', ['ping', '-c', '1', '-W', '1', address.guest('web').ipv4]).catch(() => bad++);
  }
  console.log('bad', bad, performance.now() - t);
});
