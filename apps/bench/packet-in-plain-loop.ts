/**
 * A learning switch as short as Node lets it be: no library and no checks, one table of stations, bytes at known
 * places, one output buffer and one write per read. What the learning switch on the library does not reach of it
 * is the library's share; what it does not reach of anything else is Node's.
 *
 *     packet-in-plain-loop PORT
 *
 * It trusts the packet-ins to be as the generator makes them, and answers nothing else: no echo, no error.
 */
import { createServer, type Socket } from 'node:net';
import {
  actions,
  encode,
  flowMod,
  instructions,
  match,
  MessageType,
  OFP_VERSION,
  packetOut,
  Port,
} from '../../controller/openflow/index.ts';

/** Offsets in a packet-in whose match is an input port alone. */
const IN = { bufferId: 8, inPort: 32, destination: 42, source: 48 };
/** The two answers, and where they differ from packet to packet. */
const forward = encode(
  flowMod({
    priority: 1,
    idleTimeout: 60,
    match: match({ in_port: 0, eth_src: '00:00:00:00:00:00', eth_dst: '00:00:00:00:00:00' }),
    instructions: [instructions.apply(actions.output(0))],
  }),
  1,
);
const FORWARD = { bufferId: 32, inPort: 56, source: 64, destination: 74, outPort: 92 };
const flood = encode(
  packetOut({ match: match({ in_port: 0 }), actions: [actions.output(Port.FLOOD)], data: new Uint8Array(0) }),
  1,
);
const FLOOD = { bufferId: 8, inPort: 24 };
/** More than the answers to one read of 64 KiB. */
const OUTPUT = 262_144;

function serve(socket: Socket): void {
  const ports = new Map<number, number>();
  let rest: Buffer | undefined;
  let out = Buffer.alloc(OUTPUT);
  socket.setNoDelay(true);
  socket.write(encode({ type: 'hello', versions: [OFP_VERSION] }, 1));
  socket.write(encode({ type: 'features_request' }, 2));
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    let length = 0;
    while (bytes.length - at >= 8) {
      const next = at + bytes.readUInt16BE(at + 2);
      if (next > bytes.length) break;
      if (bytes[at + 1] === MessageType.PACKET_IN) length = answer(ports, bytes, at, out, length);
      at = next;
    }
    rest = at === bytes.length ? undefined : bytes.subarray(at);
    if (length === 0) return;
    socket.write(out.subarray(0, length));
    // The socket reads on from what the kernel has not taken.
    if (socket.writableLength > 0) out = Buffer.alloc(OUTPUT);
  });
}

/** Writes the answer to the packet-in at `at` to `out[to…]`; gives where it ends. */
function answer(ports: Map<number, number>, bytes: Buffer, at: number, out: Buffer, to: number): number {
  const inPort = bytes.readUInt32BE(at + IN.inPort);
  const destination = bytes.readUIntBE(at + IN.destination, 6);
  const source = bytes.readUIntBE(at + IN.source, 6);
  if (ports.get(source) !== inPort) ports.set(source, inPort);
  const outPort = ports.get(destination);
  if (outPort === undefined) {
    out.set(flood, to);
    bytes.copy(out, to + FLOOD.bufferId, at + IN.bufferId, at + IN.bufferId + 4);
    out.writeUInt32BE(inPort, to + FLOOD.inPort);
    return to + flood.length;
  }
  out.set(forward, to);
  out.writeUInt32BE(bytes.readUInt32BE(at + IN.bufferId), to + FORWARD.bufferId);
  out.writeUInt32BE(inPort, to + FORWARD.inPort);
  out.writeUIntBE(destination, to + FORWARD.destination, 6);
  out.writeUIntBE(source, to + FORWARD.source, 6);
  out.writeUInt32BE(outPort, to + FORWARD.outPort);
  return to + forward.length;
}

createServer(serve).listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('listening\n'));
