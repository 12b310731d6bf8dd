/**
 * A learning switch on the library: what `ovs-testcontroller` does, in as many lines as it takes.
 *
 *     learning-switch PORT
 *
 * Prints `listening` when switches may come.
 */
import { systemClock } from '../../controller/clock.ts';
import {
  actions,
  fieldByName,
  Group,
  type Match,
  type Message,
  type PacketIn,
  Port,
} from '../../controller/openflow/index.ts';
import { SwitchListener } from '../../controller/switches/listener.ts';
import type { SwitchSession } from '../../controller/switches/session.ts';

const IN_PORT = fieldByName('in_port');
const ETH_SRC = fieldByName('eth_src');
const ETH_DST = fieldByName('eth_dst');
const IDLE_TIMEOUT = 60;
const NO_DATA = new Uint8Array(0);
const flood = [actions.output(Port.FLOOD)];

/** Ports of stations, by the halves of their MAC addresses: two small numbers are found faster than one large. */
class Stations {
  readonly #halves = new Map<number, Map<number, number>>();

  portOf(frame: Uint8Array, at: number): number | undefined {
    return this.#halves.get(u24(frame, at))?.get(u24(frame, at + 3));
  }

  learn(frame: Uint8Array, at: number, port: number): void {
    const high = u24(frame, at);
    let lows = this.#halves.get(high);
    if (lows === undefined) {
      lows = new Map();
      this.#halves.set(high, lows);
    }
    const low = u24(frame, at + 3);
    if (lows.get(low) !== port) lows.set(low, port);
  }
}

const stations = new WeakMap<SwitchSession, Stations>();

const listener = new SwitchListener(systemClock, {
  onSwitch: (session) => stations.set(session, new Stations()),
  onMessage: (message, session) => handle(message, session),
  onRefused: (peer, error) => process.stderr.write(`${peer}: ${error.message}\n`),
  onClosed: () => undefined,
});
await listener.listen(Number(process.argv[2]), '127.0.0.1');
process.stdout.write('listening\n');

function handle(message: Message, session: SwitchSession): void {
  if (message.type !== 'packet_in') {
    if (message.type === 'error') process.stderr.write(`${JSON.stringify(message)}\n`);
    return;
  }
  const { bufferId, data } = message;
  const known = stations.get(session);
  const inPort = inPortOf(message);
  if (known === undefined || inPort === undefined || data.length < 12) return;
  known.learn(data, 6, inPort);
  const outPort = known.portOf(data, 0);
  if (outPort === undefined) {
    session.send({ type: 'packet_out', bufferId, match: message.match, actions: flood, data: NO_DATA });
    return;
  }
  const match: Match = [
    { field: IN_PORT, value: inPort },
    { field: ETH_DST, value: u48(data, 0) },
    { field: ETH_SRC, value: u48(data, 6) },
  ];
  // A packet is not sent back where it came from.
  const instructions =
    outPort === inPort ? [] : [{ type: 'apply_actions', actions: [actions.output(outPort)] } as const];
  session.send({
    type: 'flow_mod',
    command: 'add',
    cookie: 0n,
    cookieMask: 0n,
    table: 0,
    priority: 1,
    idleTimeout: IDLE_TIMEOUT,
    hardTimeout: 0,
    bufferId,
    outPort: Port.ANY,
    outGroup: Group.ANY,
    flags: 0,
    importance: 0,
    match,
    instructions,
  });
}

function inPortOf({ match }: PacketIn): number | undefined {
  for (const { field, value } of match) if (field === IN_PORT && typeof value === 'number') return value;
  return undefined;
}

function u24(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

function u48(bytes: Uint8Array, at: number): number {
  return u24(bytes, at) * 0x100_0000 + u24(bytes, at + 3);
}
