/**
 * What a moved guest costs: as many flows for 50,000 connections as for one. The connections are real ones, as
 * conntrack sees them: datagrams from as many ports, each answered.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { admissionLimited } from '../../../controller/network/changes.ts';
import { packageRoot } from '../../../topologies/lab/package-root.ts';
import { address } from './bed.ts';
import { bedOfFile } from '../support/bed-of-file.ts';

const bed = await bedOfFile();

const PORT = 9100;
const CONVERSATIONS = join(packageRoot, 'apps/bench/conversations.py');

async function converse(count: number): Promise<number> {
  const heard = bed.room.run('web', ['python3', CONVERSATIONS, 'hear', `${PORT}`, `${count}`, '50']);
  const listening = () => bed.room.run('web', ['ss', '-Hlun', `sport = :${PORT}`]);
  await expect.poll(listening, { timeout: 10_000 }).not.toBe('');
  const to = address.guest('web').ipv4;
  const rounds = count > 10_000 ? '2' : '3';
  await bed.room.run('client', ['python3', CONVERSATIONS, 'begin', to, `${PORT}`, `${count}`, rounds]);
  return Number(await heard);
}

async function flows(): Promise<number[]> {
  const count = async (host: 'a' | 'b' | 'x'): Promise<number> =>
    (await bed.ofctl(host, 'dump-flows', '--no-stats'))
      .split('\n')
      .filter((line) => line.includes('actions=')).length;
  return [await count('a'), await count('b'), await count('x')];
}

test.each(['tunnel', 'rewrite'] as const)(
  'as many flows for 1, 1,000 and 50,000 connections (%s)',
  async (relay) => {
    const counts: number[][] = [];
    for (const connections of [1, 1_000, 50_000]) {
      await bed.reset();
      // They all begin in a few seconds: more than a guest's meter lets in.
      bed.network.update(admissionLimited('web', { perSecond: 1_000_000 }));
      await bed.fabric.settled();
      expect(await converse(connections)).toBe(connections);
      const tracked = Number(await bed.appctl('x', 'dpctl/ct-get-nconns'));
      expect(tracked).toBeGreaterThanOrEqual(connections);
      await bed.move('web', 'b', 'all', relay);
      counts.push(await flows());
      // They are alive where the guest is: all of the last thousand are heard again.
      expect(await converse(Math.min(connections, 1_000))).toBe(Math.min(connections, 1_000));
      expect(await flows()).toEqual(counts[0]);
    }
    expect(counts).toEqual([counts[0], counts[0], counts[0]]);
  },
  180_000,
);
