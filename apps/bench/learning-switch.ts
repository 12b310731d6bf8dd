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
  flowMod,
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

/** Port of each station, by switch. */
const stations = new WeakMap<SwitchSession, Map<number, number>>();

const listener = new SwitchListener(systemClock, {
  onSwitch: (session) => stations.set(session, new Map()),
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
  const known = stations.get(session);
  const inPort = inPortOf(message);
  if (known === undefined || inPort === undefined || message.data.length < 12) return;
  const destination = macAt(message.data, 0);
  const source = macAt(message.data, 6);
  if (known.get(source) !== inPort) known.set(source, inPort);

  const { bufferId } = message;
  const outPort = known.get(destination);
  if (outPort === undefined) {
    session.send({ type: 'packet_out', bufferId, match: message.match, actions: flood, data: NO_DATA });
    return;
  }
  const match: Match = [
    { field: IN_PORT, value: inPort },
    { field: ETH_DST, value: destination },
    { field: ETH_SRC, value: source },
  ];
  const instructions =
    outPort === inPort ? [] : [{ type: 'apply_actions', actions: [actions.output(outPort)] } as const];
  session.send(flowMod({ priority: 1, idleTimeout: IDLE_TIMEOUT, bufferId, match, instructions }));
}

function inPortOf({ match }: PacketIn): number | undefined {
  const entry = match.find(({ field }) => field === IN_PORT);
  return typeof entry?.value === 'number' ? entry.value : undefined;
}

function macAt(frame: Uint8Array, at: number): number {
  return (
    (frame[at]! * 256 + frame[at + 1]!) * 0x1_0000_0000 +
    ((frame[at + 2]! << 24) | (frame[at + 3]! << 16) | (frame[at + 4]! << 8) | frame[at + 5]!) +
    (frame[at + 2]! >= 128 ? 0x1_0000_0000 : 0)
  );
}
