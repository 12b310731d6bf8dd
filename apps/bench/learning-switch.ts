/**
 * A learning switch on the library: what `ovs-testcontroller` does, in as many lines as it takes.
 *
 *     learning-switch PORT
 *
 * Prints `listening` when switches may come.
 *
 * It makes no object for a packet: what it needs of a packet-in it reads from the view, and its two answers are
 * messages that it fills in anew each time, as a session encodes what it is given at once.
 */
import { systemClock } from '../../controller/clock.ts';
import {
  actions,
  fieldByName,
  flowMod,
  instructions,
  type Message,
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

const inPort = { field: fieldByName('in_port'), value: 0 };
const ethDst = { field: fieldByName('eth_dst'), value: 0 };
const ethSrc = { field: fieldByName('eth_src'), value: 0 };
const output = { ...actions.output(0) };
const toPort = [instructions.apply(output)];
const forward = {
  ...flowMod({ priority: 1, idleTimeout: 60, match: [inPort, ethSrc, ethDst], instructions: toPort }),
};
const flood = {
  ...packetOut({ match: [inPort], actions: [actions.output(Port.FLOOD)], data: new Uint8Array(0) }),
};

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
  inPort.value = from;
  if (to === undefined) {
    flood.bufferId = packet.bufferId;
    session.send(flood);
    return;
  }
  ethDst.value = destination;
  ethSrc.value = source;
  output.port = to;
  // A packet is not sent back where it came from.
  forward.instructions = to === from ? [] : toPort;
  forward.bufferId = packet.bufferId;
  session.send(forward);
}

function complain(message: Message): void {
  if (message.type === 'error') process.stderr.write(`${JSON.stringify(message)}\n`);
}
