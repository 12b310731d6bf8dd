/**
 * Emulates switches that send packet-ins to a controller, as many at a time as may be unanswered, and counts
 * the answers.
 *
 *     packet-in-generator PORT SWITCHES OUTSTANDING
 *
 * Prints `ready` when the controller has taken up all switches. Each line on standard input is a time in ms: for so long
 * it sends, then it waits until all is answered, and prints how many answers a second there were. To be faster than a
 * controller, it looks at nothing but the headers of what comes, reads into one buffer, and sends out of another made
 * beforehand.
 */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { encode, MessageType, OFP_VERSION } from '../../controller/openflow/index.ts';
import { packetInRing, RING } from './packet-in-frames.ts';

const [port, switches, outstanding] = process.argv.slice(2).map(Number) as [number, number, number];
const { bytes, each } = packetInRing(outstanding);
/** The packet-ins from each place in the ring on, as many as may be unanswered, for the socket to take as they are. */
const runs = Array.from({ length: RING }, (_, i) =>
  Buffer.from(bytes.buffer, bytes.byteOffset + i * each, outstanding * each),
);
/** What is read next, of whichever switch; nothing of it is kept. */
const input = new Uint8Array(262_144);
let answers = 0;
/** Sent, and not answered yet. */
let unanswered = 0;
let isSending = false;
let ready = 0;

class EmulatedSwitch {
  readonly #socket: Socket;
  readonly #number: number;
  /** The beginning of a message whose end has not come yet. */
  #rest: Uint8Array = new Uint8Array(0);
  #next = 0;

  constructor(number: number) {
    this.#number = number;
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: input,
        callback: (length) => {
          this.#read(input.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on('connect', () =>
      this.#socket.write(encode({ type: 'hello', versions: [OFP_VERSION] }, 1)),
    );
    this.#socket.on('close', () => fail(`the controller hung up on switch ${number}`));
    this.#socket.on('error', (error) => fail(error.message));
  }

  begin(): void {
    this.#send(outstanding);
  }

  #read(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    let answered = 0;
    while (bytes.length - at >= 8) {
      const length = bytes[at + 2]! * 256 + bytes[at + 3]!;
      if (bytes.length - at < length) break;
      const type = bytes[at + 1]!;
      if (type === MessageType.PACKET_OUT || type === MessageType.FLOW_MOD) answered++;
      else this.#converse(type, xidAt(bytes, at), bytes.slice(at + 8, at + length));
      at += length;
    }
    if (at < bytes.length || this.#rest.length > 0) this.#rest = bytes.slice(at);
    answers += answered;
    unanswered -= answered;
    if (isSending && answered > 0) this.#send(answered);
  }

  /** The ring never changes, so the socket may read from it for as long as it likes. */
  #send(count: number): void {
    unanswered += count;
    for (let left = count; left > 0;) {
      const now = Math.min(left, outstanding);
      const run = runs[this.#next]!;
      this.#socket.write(now === outstanding ? run : run.subarray(0, now * each));
      this.#next = (this.#next + now) % RING;
      left -= now;
    }
  }

  #converse(type: number, xid: number, body: Uint8Array): void {
    switch (type) {
      case MessageType.FEATURES_REQUEST:
        this.#socket.write(
          encode(
            {
              type: 'features_reply',
              datapathId: BigInt(this.#number + 1),
              nBuffers: 256,
              nTables: 1,
              auxiliaryId: 0,
              capabilities: 0,
              reserved: 0,
            },
            xid,
          ),
        );
        ready++;
        return;
      case MessageType.ECHO_REQUEST:
        this.#socket.write(encode({ type: 'echo_reply', data: body }, xid));
        return;
      case MessageType.BARRIER_REQUEST:
        this.#socket.write(encode({ type: 'barrier_reply' }, xid));
        return;
      case MessageType.ERROR:
        fail(`switch ${this.#number} was told of an error`);
    }
  }
}

function xidAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(4);
}

function fail(why: string): void {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const all = Array.from({ length: switches }, (_, number) => new EmulatedSwitch(number));
const deadline = performance.now() + 10_000;
while (ready < switches) {
  if (performance.now() > deadline) fail(`only ${ready} of ${switches} switches were taken up`);
  await sleep(10);
}
// What a controller sets up right after the handshake is no answer.
await sleep(200);
answers = 0;
unanswered = 0;
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const before = answers;
  const start = performance.now();
  isSending = true;
  for (const one of all) one.begin();
  await sleep(Number(line));
  const rate = ((answers - before) / (performance.now() - start)) * 1_000;
  isSending = false;
  const patience = performance.now() + 10_000;
  while (unanswered > 0) {
    if (performance.now() > patience) fail(`${unanswered} packet-ins were never answered`);
    await sleep(1);
  }
  process.stdout.write(`${rate}\n`);
}
process.exit(0);
