/**
 * A run's folder for tests: client c1, hosts a1 and b1, guest web. An echo over TCP and one over UDP, a message every
 * 10 ms from 0; the guest stops at 100 and resumes at 150, and what was sent from 95 to 110 over UDP is lost.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Moment, momentEvent } from '../../../apps/events.ts';
import type { CaptureRecord } from '../../../apps/lab/captures.ts';
import type { ConnectionSummary, RunSummary } from '../../../apps/lab/summary.ts';
import { cooked, ethernet, hex, pcap, tcp, udp } from './frames.ts';

/** 2026-01-01T12:00:00Z */
export const ORIGIN = Date.UTC(2026, 0, 1, 12);

const ISN = 1_000;
const TCP_PORT = 4001;
const UDP_PORT = 4002;
const DELAY = 1;

type Frame = { readonly ms: number; readonly bytes: Buffer };

/** An answer comes at once, or, once the guest has stopped, 10 ms after it runs again. */
const answeredAt = (sent: number): number =>
  sent < 100 ? sent : Math.max(160 + (sent - 100) / 100, sent + 10);
const isLost = (sent: number): boolean => sent >= 95 && sent < 110;

function frames(bicast: boolean) {
  const client: Frame[] = [];
  const taps: Record<'a1' | 'b1', Frame[]> = { a1: [], b1: [] };
  const atTap = (ms: number, packet: Buffer, toGuest: boolean): void => {
    const host = ms < 100 ? 'a1' : 'b1';
    taps[host].push({ ms, bytes: cooked('0800', packet, host === 'a1' ? 5 : 7, toGuest) });
  };
  const pass = (sent: number, answered: number, request: Buffer, answer: Buffer | undefined): void => {
    client.push({ ms: sent, bytes: ethernet('0800', request) });
    if (answer === undefined) return;
    atTap(sent + DELAY, request, true);
    if (bicast && sent >= 60 && sent < 99) {
      taps.b1.push({ ms: sent + DELAY, bytes: cooked('0800', request, 7, true) });
    }
    // Until the commit is in force gates send it on from the source, where nobody reads it any more.
    if (sent === 100) taps.a1.push({ ms: sent + DELAY, bytes: cooked('0800', request, 5, true) });
    atTap(answered + DELAY, answer, false);
    client.push({ ms: answered + 2 * DELAY, bytes: ethernet('0800', answer) });
  };
  pass(
    -4,
    -4,
    tcp({ toGuest: true, seq: ISN - 1, flags: 2, port: TCP_PORT }),
    tcp({ toGuest: false, seq: ISN - 1, ack: ISN, flags: 0x12, port: TCP_PORT }),
  );
  for (let i = 0; i < 30; i++) {
    const [sent, seq] = [i * 10, ISN + i * 4];
    const segment = { toGuest: true, seq, ack: seq, data: 'ATEC', port: TCP_PORT };
    const echoed = { toGuest: false, seq, ack: seq + 4, data: 'ATEC', port: TCP_PORT };
    pass(sent, answeredAt(sent), tcp(segment), tcp(echoed));
    pass(
      sent + 5,
      answeredAt(sent + 5),
      udp(true, i, UDP_PORT),
      isLost(sent + 5) ? undefined : udp(false, i, UDP_PORT),
    );
  }
  // The client's timer ran out for what it sent at 100.
  client.push({
    ms: 130,
    bytes: ethernet(
      '0800',
      tcp({ toGuest: true, seq: ISN + 40, ack: ISN + 40, data: 'ATEC', port: TCP_PORT }),
    ),
  });
  taps.b1.push({
    ms: 151,
    bytes: cooked('8035', hex('0001 0800 06 04 0003 525400000001 00000000 525400000001 00000000'), 7, false),
  });
  return { client, ...taps };
}

function file(list: readonly Frame[], linkType: number): Buffer {
  const sorted = [...list].sort((a, b) => a.ms - b.ms);
  return pcap(
    sorted.map(({ ms, bytes }) => {
      const at = ORIGIN + ms;
      return { stamp: [Math.floor(at / 1000), Math.round((at % 1000) * 1e6)] as const, bytes };
    }),
    { linkType },
  );
}

const migration = { guest: 'web', migration: 'm1' };
const moments: readonly [number, Moment][] = [
  [-500, { kind: 'port', host: 'a1', port: 'vnet0', change: 'appeared', guest: 'web' }],
  [20, { kind: 'phase', ...migration, phase: 'preparing' }],
  [31, { kind: 'port', host: 'b1', port: 'vnet3', change: 'appeared', guest: 'web' }],
  [100.5, { kind: 'phase', ...migration, phase: 'switching' }],
  [100, { kind: 'qemu', ...migration, host: 'a1', event: 'STOP' }],
  [100.625, { kind: 'gates-turned', ...migration, host: 'a1', position: 'after' }],
  [100.75, { kind: 'commit-sent', ...migration, host: 'a1' }],
  [101.25, { kind: 'redirected', ...migration }],
  [150, { kind: 'qemu', ...migration, host: 'b1', event: 'RESUME' }],
];

const connection = (
  name: string,
  protocol: 'tcp' | 'udp',
  clientPort: number,
  more: Partial<ConnectionSummary>,
): ConnectionSummary => ({
  ...{ name, protocol, clientPort, client: 'c1', guest: 'web', target: '10.1.0.100', at: 'home' },
  ...{ migrations: 1, unit: 'messages', sent: 30, received: 30, lost: 0, duplicated: 0, reordered: 0 },
  ...{ survived: true, gapMs: 72, gapFrom: ORIGIN + 90, startedAt: ORIGIN - 5, endedAt: ORIGIN + 400 },
  ...{ rttMs: 2, error: null },
  ...more,
});

export const summary: RunSummary = {
  ...{ lab: 'two-hosts', version: '0.0.0', startedAt: ORIGIN + 0.25, endedAt: ORIGIN + 500 },
  ...{ clock: { beganMs: 0.01, endedMs: 0.02 }, passed: true },
  machine: {
    ...{ cpu: 'a <fast> one', cores: 2, kernel: '6.1', node: '20', accelerator: 'tcg' },
    ...{ delay: 'netem', ovs: '3.1.0', datapath: 'netdev' },
  },
  migrations: [
    {
      ...{ id: 'm1', guest: 'web', from: 'a1', to: 'b1', fromSubnet: '10.1.0.0/24', toSubnet: '10.2.0.0/24' },
      ...{ strategy: 'redirect', relay: 'tunnel', outcome: 'completed', blackoutMs: 50, copyMs: 60 },
      ...{ reason: null, warning: null, megaflows: { b1: 9, a1: 12 } },
      entered: {
        planned: ORIGIN + 10,
        preparing: ORIGIN + 20,
        switching: ORIGIN + 100.5,
        relaying: ORIGIN + 150.5,
      },
    },
  ],
  connections: [
    connection('echo', 'tcp', TCP_PORT, {}),
    connection('beat', 'udp', UDP_PORT, { received: 28, lost: 2 }),
  ],
  attacks: [],
};

const links = {
  a1: '5: vnet0: <BROADCAST> mtu 1500\n',
  b1: '2: uplink: <BROADCAST> mtu 1500\n[2026-01-01T12:00:00.030000] 7: vnet3: <BROADCAST> mtu 1500\n',
};

/**
 * A folder as `lab run` leaves it behind; the caller takes it away. With `bicast`, copies go to both hosts from 60 on.
 */
export function runFolder({
  bicast = false,
  folder = mkdtempSync(join(tmpdir(), 'arctictern-run-')),
} = {}): string {
  const { client, a1, b1 } = frames(bicast);
  for (const directory of ['captures', 'logs']) mkdirSync(join(folder, directory), { recursive: true });
  const put = (name: string, content: string | Buffer): void => writeFileSync(join(folder, name), content);
  put('captures/c1-eth0.pcap', file(client, 1));
  put('captures/a1-taps.pcap', file(a1, 276));
  put('captures/b1-taps.pcap', file(b1, 276));
  for (const [host, text] of Object.entries(links)) put(`captures/${host}-links.txt`, text);
  const record = (
    node: string,
    point: CaptureRecord['point'],
    name: string,
    of: string | null,
  ): CaptureRecord => ({
    ...{ file: `captures/${name}.pcap`, node, point, links: of, begunBy: ORIGIN + 2, packets: 9, dropped: 0 },
  });
  put(
    'captures/captures.json',
    JSON.stringify([
      record('c1', 'client', 'c1-eth0', null),
      record('a1', 'taps', 'a1-taps', 'captures/a1-links.txt'),
      record('b1', 'taps', 'b1-taps', 'captures/b1-links.txt'),
    ]),
  );
  const copying: typeof moments = [
    [59.5, { kind: 'commit-sent', ...migration, host: 'a1' }],
    [60, { kind: 'copying-to-both', ...migration }],
  ];
  const lines = [...moments, ...(bicast ? copying : [])].map(([ms, moment]) => {
    const { at, subject, message } = momentEvent(moment, ORIGIN + ms);
    return JSON.stringify({ level: 30, time: at, subject, moment, msg: message });
  });
  put('logs/controller.jsonl', [...lines, '{"level":30,"msg":"API up"}', '{"level":30,"mom'].join('\n'));
  const samples = [
    { at: ORIGIN + 95.5, node: 'a1', megaflows: 12, roundMs: 1 },
    { at: ORIGIN + 96, node: 'b1', megaflows: 9, roundMs: 2 },
  ];
  put('megaflows.jsonl', samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''));
  put('summary.json', JSON.stringify(summary));
  return folder;
}
