/**
 * What is counted of a connection is delivered: its packets are noted on their way, and none is lost by that.
 */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { address } from '../apps/bed.ts';
import { bedOfFile } from '../support/bed-of-file.ts';
import { atRest, takesConnections } from '../support/conditions.ts';

const script = fileURLToPath(new URL('crowd.py', import.meta.url));
const web = address.guest('web').ipv4;
const BEGUN = 50;

const bed = await bedOfFile();

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
  const delivered = () => Promise.all([hits(31, counted), hits(40, /reg0=/)]);
  const before = await atRest(delivered);
  const resentBefore = await resent('neighbour');
  const serving = bed.room.run('web', ['python3', script, 'serve', web, '80', '4']);
  await takesConnections(bed, 'web', 80);
  const words = ['python3', script, 'open', String(BEGUN), '1', '0.1', web, '80', address.neighbour.ipv4];
  const { begun } = JSON.parse(await bed.room.run('neighbour', words)) as { begun: number };
  await serving;
  const after = await atRest(delivered);
  const grown = [after[0] - before[0], after[1] - before[1]] as const;
  expect(begun).toBe(BEGUN);
  expect(grown[0]).toBeGreaterThanOrEqual(BEGUN * 4);
  expect(grown[1]).toBeGreaterThanOrEqual(grown[0]);
  // On a busy machine one or the other is late.
  expect((await resent('neighbour')) - resentBefore).toBeLessThan(BEGUN / 5);
}, 30_000);
