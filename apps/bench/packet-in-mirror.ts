/**
 * A controller that does not even look at packet-ins: one packet-out for each, always the same bytes. What the
 * generator reaches with it is the most that it could ever show of a controller in this language.
 *
 *     packet-in-mirror PORT SWITCHES
 */
import { createServer } from 'node:net';
import {
  actions,
  encode,
  MessageType,
  OFP_VERSION,
  packetOut,
  Port,
} from '../../controller/openflow/index.ts';

const MOST = 4_096;
const answer = encode(
  packetOut({ match: [], actions: [actions.output(Port.FLOOD)], data: new Uint8Array(0) }),
  1,
);
const answers = new Uint8Array(answer.length * MOST);
for (let i = 0; i < MOST; i++) answers.set(answer, i * answer.length);

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.write(encode({ type: 'hello', versions: [OFP_VERSION] }, 1));
  socket.write(encode({ type: 'features_request' }, 2));
  // How many bytes of the message under way are still to come, or what there is of its header.
  let skip = 0;
  let head: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    const bytes = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    let at = Math.min(skip, bytes.length);
    skip -= at;
    let count = 0;
    while (skip === 0 && bytes.length - at >= 8) {
      if (bytes[at + 1] === MessageType.PACKET_IN) count++;
      const end = at + bytes[at + 2]! * 256 + bytes[at + 3]!;
      skip = Math.max(0, end - bytes.length);
      at = Math.min(end, bytes.length);
    }
    head = Buffer.from(bytes.subarray(at));
    for (; count > 0; count -= MOST) socket.write(answers.subarray(0, Math.min(count, MOST) * answer.length));
  });
  socket.on('error', () => socket.destroy());
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('listening\n'));
