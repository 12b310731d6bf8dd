/**
 * What is counted of a connection is delivered: its packets are noted on their way, and none is lost by that.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { address, Bed } from '../apps/bed.ts';

const script = fileURLToPath(new URL('crowd.py', import.meta.url));
const web = address.guest('web').ipv4;
const BEGUN = 50;

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.open();
}, 60_000);
afterAll(() => bed.close());
beforeEach(() => bed.reset());
afterEach(() => expect(bed.problems).toEqual([]));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Packets that have hit flows of a table, those of other classes than `of` left out. */
async function hits(table: number, of: RegExp): Promise<number> {
  const flows = (await bed.ofctl('a', 'dump-flows', `table=${table}`)).split('\n');
  return flows
    .filter((flow) => of.test(flow))
    .reduce((sum, flow) => sum + Number(/n_packets=(\d+)/.exec(flow)?.[1] ?? 0), 0);
}

/** Segments that a namespace's TCP has sent again. */
async function resent(namespace: string): Promise<number> {
  const text = await bed.room.run(namespace, ['cat', '/proc/net/snmp']);
  const [names, values] = text.split('\n').filter((line) => line.startsWith('Tcp: '));
  const at = names!.split(' ').indexOf('RetransSegs');
  return Number(values!.split(' ')[at]);
}

test('the end of a handshake, and the end of a connection, come to the guest the first time', async () => {
  const counted = /tcp,reg0/;
  const before = [await hits(31, counted), await hits(40, /reg0=/), await resent('neighbour')] as const;
  const serving = bed.room.run('web', ['python3', script, 'serve', web, '80', '4']);
  await pause(500);
  const words = ['python3', script, 'open', String(BEGUN), '1', '0.1', web, '80', address.neighbour.ipv4];
  const { begun } = JSON.parse(await bed.room.run('neighbour', words)) as { begun: number };
  await serving;
  await pause(500);
  const grown = [(await hits(31, counted)) - before[0], (await hits(40, /reg0=/)) - before[1]] as const;
  expect(begun).toBe(BEGUN);
  expect(grown[0]).toBeGreaterThanOrEqual(BEGUN * 4);
  expect(grown[1]).toBeGreaterThanOrEqual(grown[0]);
  // On a busy machine one or the other is late.
  expect((await resent('neighbour')) - before[2]).toBeLessThan(BEGUN / 5);
}, 30_000);
