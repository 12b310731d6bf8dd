/**
 * A learning switch on the library: what `ovs-testcontroller` does, in as many lines as it takes.
 *
 *     learning-switch PORT
 *
 * Prints `listening` when switches may come.
 *
 * It makes no object for a packet: what it needs of a packet-in it reads from the view, and its answers are templates,
 * in which it sets the numbers.
 */
import { systemClock } from '../../controller/clock.ts';
import {
  actions,
  type FlowMod,
  flowMod,
  formatMac,
  type Instruction,
  instructions,
  match,
  type Message,
  MessageTemplate,
  packetOut,
  type PacketInView,
  Port,
} from '../../controller/openflow/index.ts';
import { SwitchListener } from '../../controller/switches/listener.ts';
import type { SwitchSession } from '../../controller/switches/session.ts';

/** Where a frame has its addresses, and how much of it that takes. */
const DESTINATION = 0;
const SOURCE = 6;
const ADDRESSES = 12;

const pair = { bufferId: 32, inPort: 32, ethSrc: 48, ethDst: 48 } as const;
const forward = new MessageTemplate({ ...pair, outPort: 32 }, (flow) =>
  flowOf(flow, [instructions.apply(actions.output(flow.outPort))]),
);
const drop = new MessageTemplate(pair, (flow) => flowOf(flow, []));
const flood = new MessageTemplate({ bufferId: 32, inPort: 32 }, ({ bufferId, inPort }) =>
  packetOut({
    bufferId,
    match: match({ in_port: inPort }),
    actions: [actions.output(Port.FLOOD)],
    data: new Uint8Array(0),
  }),
);

function flowOf(
  { bufferId, inPort, ethSrc, ethDst }: Record<keyof typeof pair, number>,
  to: readonly Instruction[],
): FlowMod {
  return flowMod({
    priority: 1,
    idleTimeout: 60,
    bufferId,
    match: match({ in_port: inPort, eth_src: formatMac(ethSrc), eth_dst: formatMac(ethDst) }),
    instructions: to,
  });
}

/** Ports of stations, by the halves of their MAC addresses: integers of 24 bits are found faster than numbers of 48. */
class Stations {
  readonly #halves = new Map<number, Map<number, number>>();

  portOf(mac: number): number | undefined {
    return this.#halves.get(upper(mac))?.get(lower(mac));
  }

  learn(mac: number, port: number): void {
    let lows = this.#halves.get(upper(mac));
    if (lows === undefined) {
      lows = new Map();
      this.#halves.set(upper(mac), lows);
    }
    if (lows.get(lower(mac)) !== port) lows.set(lower(mac), port);
  }
}

const upper = (mac: number): number => (mac / 0x100_0000) | 0;
const lower = (mac: number): number => mac & 0xff_ffff;

const stations = new WeakMap<SwitchSession, Stations>();

const listener = new SwitchListener(systemClock, {
  onSwitch: (session) => stations.set(session, new Stations()),
  onPacketIn: answer,
  onMessage: complain,
  onRefused: (peer, error) => process.stderr.write(`${peer}: ${error.message}\n`),
  onClosed: () => undefined,
});
await listener.listen(Number(process.argv[2]), '127.0.0.1');
process.stdout.write('listening\n');

function answer(packet: PacketInView, session: SwitchSession): void {
  const known = stations.get(session);
  const from = packet.inPort;
  if (known === undefined || from === undefined || packet.dataLength < ADDRESSES) return;
  const destination = packet.u48(DESTINATION);
  const source = packet.u48(SOURCE);
  known.learn(source, from);
  const to = known.portOf(destination);
  if (to === undefined) {
    flood.set.bufferId(packet.bufferId);
    flood.set.inPort(from);
    session.sendTemplate(flood);
    return;
  }
  // A packet is not sent back where it came from.
  const flow = to === from ? drop : forward;
  flow.set.bufferId(packet.bufferId);
  flow.set.inPort(from);
  flow.set.ethSrc(source);
  flow.set.ethDst(destination);
  if (flow === forward) forward.set.outPort(to);
  session.sendTemplate(flow);
}

function complain(message: Message): void {
  if (message.type === 'error') process.stderr.write(`${JSON.stringify(message)}\n`);
}
