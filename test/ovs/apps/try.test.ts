import { afterAll, beforeAll, beforeEach, test } from 'vitest';
import { address, Bed } from './bed.ts';
let bed: Bed;
beforeAll(async () => { bed = await Bed.open(); });
afterAll(async () => { if (bed) { console.log(bed.problems); await bed.close(); } });
beforeEach(async () => { await bed.reset(); });
test('at home', async () => {
  await bed.move('web', 'b');
  const t = await bed.room.tap('web', 'b0');
  const r = await bed.room.tap('router', 'to-a');
  const s = await bed.room.tap('router', 'to-b');
  for (const h of ['a','b'] as const) {
  console.log(await bed.appctl(h, 'tnl/neigh/show'));
  console.log(await bed.appctl(h, 'coverage/show').then(s => s.split('\n').filter(l => /drop|tnl|upcall/.test(l)).join('\n')));
  }
  console.log(await bed.room.run('client', ['ping', '-c', '1', '-W', '1', address.guest('web').ipv4]).catch(String));
  for (const h of ['a','b'] as const) {
  console.log(await bed.appctl(h, 'coverage/show').then(s => s.split('\n').filter(l => /drop|tnl|upcall/.test(l)).join('\n')));
  }
  console.log(t.frames(() => true).map(f => f.toString('hex').slice(0,90)));
  console.log('router', r.frames(() => true).map(f => f.toString('hex').slice(0,290)));
  console.log('router b', s.frames(() => true).map(f => f.toString('hex').slice(0,290)));
});
