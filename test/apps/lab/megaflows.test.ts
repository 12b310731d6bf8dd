/**
 * What a switch says of its megaflows, over a socket as ovs-vswitchd has it, and after it has started anew.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { megaflowsAt, MegaflowWatch, readUpcallShow } from '../../../apps/lab/megaflows.ts';
import { createResults } from '../../../apps/lab/results.ts';
import { systemClock } from '../../../controller/clock.ts';
import type { Lab } from '../../../topologies/lab/lab.ts';

/** As Open vSwitch 3.1 says it. */
const upcallShow = (current: number, ms: number): string => `netdev@ovs-netdev:
  flows         : (current ${current}) (avg 12) (max 40) (limit 10000)
  offloaded flows : 0
  dump duration : ${ms}ms
  ufid enabled : true

  18: (keys ${current})
`;

describe('readUpcallShow', () => {
  it('counts, over all datapaths, and takes the longest round', () => {
    expect(readUpcallShow(upcallShow(17, 3))).toEqual({ megaflows: 17, roundMs: 3 });
    const both = upcallShow(17, 3) + upcallShow(5, 8).replaceAll('netdev', 'system');
    expect(readUpcallShow(both)).toEqual({ megaflows: 22, roundMs: 8 });
  });

  it('makes nothing of anything else', () => {
    expect(readUpcallShow('"upcall/show" is not a valid command')).toBeUndefined();
  });
});

describe('megaflowsAt', () => {
  const sample = (at: number, node: string, megaflows: number) => ({ at, node, megaflows, roundMs: 1 });
  const samples = [sample(10, 'a1', 3), sample(11, 'b1', 4), sample(110, 'a1', 5), sample(111, 'b1', 6)];

  it('takes the newest count of each node that is not from after', () => {
    expect(megaflowsAt(samples, 110.5)).toEqual({ a1: 5, b1: 4 });
    expect(megaflowsAt(samples, 10.5)).toEqual({ a1: 3 });
  });

  it('has none of a time that never was', () => {
    expect(megaflowsAt(samples, -Infinity)).toEqual({});
  });
});

describe('MegaflowWatch', () => {
  let folder: string;
  const open = new Set<Socket>();
  let server: Server | undefined;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'arctictern-megaflows-'))));
  afterEach(async () => {
    await leave();
    rmSync(folder, { recursive: true });
  });

  async function serve(pid: number, megaflows: number): Promise<void> {
    server = createServer((socket) => {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        const { id, method } = JSON.parse(bytes.toString()) as { id: number; method: string };
        const result = method === 'upcall/show' ? upcallShow(megaflows, 2) : '';
        socket.write(JSON.stringify({ id, result, error: null }));
      });
    });
    await new Promise<void>((resolve) => server!.listen(join(folder, `ovs-vswitchd.${pid}.ctl`), resolve));
    writeFileSync(join(folder, 'ovs-vswitchd.pid'), `${pid}\n`);
  }

  async function leave(): Promise<void> {
    for (const socket of open) socket.destroy();
    open.clear();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
    server = undefined;
  }

  it('asks on when a switch goes away and another one comes, and writes what it heard', async () => {
    await serve(7, 12);
    const directories = [{ mount: '/run/openvswitch', source: folder }];
    const lab = {
      plan: {
        nodes: [
          { name: 'a1', directories },
          { name: 'c1', directories: [] },
        ],
      },
    } as unknown as Lab;
    const results = createResults(folder, 'x', 0);
    const watch = new MegaflowWatch(lab, results, systemClock);
    const heard = (): Set<number> => new Set(watch.samples.map(({ megaflows }) => megaflows));
    await expect.poll(heard, { timeout: 3_000 }).toEqual(new Set([12]));
    await leave();
    await serve(8, 40);
    await expect.poll(heard, { timeout: 3_000 }).toEqual(new Set([12, 40]));
    watch.stop();
    const lines = readFileSync(results.file('megaflows.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(watch.samples);
    expect(watch.samples[0]).toMatchObject({ node: 'a1', megaflows: 12, roundMs: 2 });
  });
});
