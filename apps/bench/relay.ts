/**
 * What relaying costs: throughput to a guest that has moved and is relayed by rewriting from the client's edge, next to
 * a guest at home that is equally far; and how many flows a moved guest adds, for one connection and for many.
 */
import { join } from 'node:path';
import type { RelayMode } from '../../controller/network/relay.ts';
import { packageRoot } from '../../topologies/lab/package-root.ts';
import type { Benchmark, Case } from './benchmark.ts';
import { RelayBenchFailedError } from './errors.ts';
import { addressOf, type Guest, RelayNetwork } from './relay-network.ts';

const RUNS = 10;
const SECONDS = 2;
/** Tenths of a second at the beginning, which are TCP's. */
const WARM_UP = 5;
/** More than switches in user space make: what bounds the sender if they do. */
const MOST_MBITS = 5_000;
const TCP_PORT = 80;
const UDP_PORT = 9_000;
const MANY_PORT = 9_100;
/** Of a datagram that fills a packet of 1,500 bytes. */
const DATAGRAM = 1_472;
const IN_FLIGHT = 64;
/** Unless it is told to end before. */
const ANSWER_SECONDS = 20;
const CONNECTIONS = [1, 1_000, 50_000] as const;
/** So many are heard again after the move. */
const HEARD_AGAIN = 1_000;
const HEAR_SECONDS = 60;
/** In which every port speaks: what a busy machine lost is heard in a later one. */
const ROUNDS = 4;

const script = (name: string): string => join(packageRoot, 'apps/bench', name);
const CONVERSATIONS = script('conversations.py');

/** Who is asked: one has moved, the other one is at home. */
const MOVED: Guest = 'web';
const AT_HOME: Guest = 'db';

export const relay: Benchmark = {
  name: 'relay',
  title: 'throughput to a moved guest by rewriting, and the flows that it adds',
  run: async (say) => {
    await using network = await RelayNetwork.open();
    const cases = [...(await throughput(network, say))];
    for (const mode of ['tunnel', 'rewrite'] as const) cases.push(...(await flows(network, mode, say)));
    return { cases, notes: NOTES };
  },
};

const NOTES = [
  'client ── edge ── router ── host ── guest, each switch with a datapath of its own in user space, all on this machine',
  `direct: a guest at home; rewrite: one that has moved, relayed by the edge; in turns, ${SECONDS} s each`,
  `TCP: one connection, from client to guest; UDP: datagrams of ${DATAGRAM} bytes that are sent back, ${IN_FLIGHT} on their way`,
  'flows: how many more all three bridges hold once the guest has moved with so many connections, each of which both sides had spoken on',
];

async function throughput(network: RelayNetwork, say: (line: string) => void): Promise<Case[]> {
  await network.move(MOVED, 'b', 'rewrite');
  const guests = [AT_HOME, MOVED] as const;
  const tcpRuns: Record<Guest, number[]> = { web: [], db: [] };
  const udpRuns: Record<Guest, number[]> = { web: [], db: [] };
  for (let run = 0; run < RUNS; run++) {
    // Each goes first as often as the other.
    for (const guest of run % 2 === 0 ? guests : guests.toReversed()) {
      tcpRuns[guest].push(await tcp(network, guest));
      udpRuns[guest].push(await udp(network, guest));
    }
    const last = (runs: Record<Guest, number[]>): string =>
      `${Math.round(runs[AT_HOME].at(-1)!)} direct, ${Math.round(runs[MOVED].at(-1)!)} by rewriting`;
    say(`run ${run + 1} of ${RUNS}: TCP ${last(tcpRuns)} (Mbit/s); UDP ${last(udpRuns)} (datagrams/s)`);
  }
  const pair = (what: string, unit: string, runs: Record<Guest, number[]>): Case[] => [
    { what: `${what}, direct`, unit, better: 'higher', runs: runs[AT_HOME] },
    { what: `${what}, rewrite`, unit, better: 'higher', runs: runs[MOVED], peer: `${what}, direct` },
  ];
  return [...pair('TCP', 'Mbit/s', tcpRuns), ...pair('UDP there and back', 'datagrams/s', udpRuns)];
}

async function tcp(network: RelayNetwork, guest: Guest): Promise<number> {
  const receiver = network
    .guest(guest)
    .run('python3', script('goodput.py'), 'receive', '0.0.0.0', `${TCP_PORT}`);
  await network.guest(guest).listening(TCP_PORT);
  await network.client.run(
    ...['python3', script('goodput.py'), 'send', addressOf(guest), `${TCP_PORT}`],
    ...[`${MOST_MBITS}`, `${SECONDS}`],
  );
  const slots = (JSON.parse(await receiver) as number[]).slice(WARM_UP, SECONDS * 10);
  return slots.reduce((sum, each) => sum + each, 0) / slots.length;
}

async function udp(network: RelayNetwork, guest: Guest): Promise<number> {
  const answers = network
    .guest(guest)
    .run('python3', CONVERSATIONS, 'answer', `${UDP_PORT}`, `${ANSWER_SECONDS}`);
  await network.guest(guest).listening(UDP_PORT, 'udp');
  const sizes = [DATAGRAM, IN_FLIGHT, SECONDS].map(String);
  const rate = Number(
    await network.client.run('python3', CONVERSATIONS, 'ask', addressOf(guest), `${UDP_PORT}`, ...sizes),
  );
  await answers;
  return rate;
}

/** Datagrams from so many ports, each answered. */
async function converse(network: RelayNetwork, count: number): Promise<void> {
  const heard = network
    .guest(MOVED)
    .run('python3', CONVERSATIONS, 'hear', `${MANY_PORT}`, `${count}`, `${HEAR_SECONDS}`);
  await network.guest(MOVED).listening(MANY_PORT, 'udp');
  await network.client.run(
    ...['python3', CONVERSATIONS, 'begin', addressOf(MOVED), `${MANY_PORT}`, `${count}`, `${ROUNDS}`],
  );
  const answered = Number(await heard);
  if (answered !== count)
    throw new RelayBenchFailedError(`${answered} of ${count} connections were answered`);
}

async function flows(network: RelayNetwork, mode: RelayMode, say: (line: string) => void): Promise<Case[]> {
  const cases: Case[] = [];
  for (const count of CONNECTIONS) {
    await network.reset();
    await converse(network, count);
    const tracked = await network.tracked();
    if (tracked < count)
      throw new RelayBenchFailedError(`the edge tracks ${tracked} of ${count} connections`);
    const before = await network.flows();
    await network.move(MOVED, 'b', mode);
    const added = (await network.flows()) - before;
    await converse(network, Math.min(count, HEARD_AGAIN));
    say(`${mode}, ${count} connections: ${added} flows more`);
    cases.push({
      what: `${mode}, ${count.toLocaleString('en-US')} connections`,
      unit: 'flows',
      better: 'lower',
      runs: [added],
    });
  }
  return cases;
}
