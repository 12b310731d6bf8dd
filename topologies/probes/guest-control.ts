/**
 * Asks a lab guest to do something, over its control connection (mininet/guest/control.pl): a command a line, an
 * object of JSON in answer. What the guest began ends with the connection.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export const CONTROL_PORT = 7007;
const CONNECT_MS = 10_000;

/** What became of the messages of a connection that the guest opened; times by the guest's own clock. */
export interface GuestCount {
  readonly sent: number;
  /** Messages that came back. */
  readonly received: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly gapMs: number;
  /** Since the last one came back; negative when none ever did. */
  readonly silentMs: number;
  readonly error: string | null;
}

export class GuestControl {
  /** The address by which the guest knows us. */
  readonly localAddress: string;
  readonly #socket: Socket;
  readonly #answers: AsyncIterator<string>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.localAddress = socket.localAddress ?? '';
    this.#answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  /** Throws when the guest does not answer at `address`. */
  static async to(address: string): Promise<GuestControl> {
    const socket = connect({ host: address, port: CONTROL_PORT, noDelay: true });
    socket.setTimeout(CONNECT_MS, () => {
      if (socket.connecting) socket.destroy(new Error(`no connection within ${CONNECT_MS / 1000} s`));
    });
    await once(socket, 'connect');
    // Later errors show as the end of the answers.
    socket.on('error', () => undefined);
    return new GuestControl(socket);
  }

  /** The guest's answer to one command; one at a time. Throws what the guest says against it. */
  async ask(...words: readonly (string | number)[]): Promise<object> {
    const line = words.join(' ');
    this.#socket.write(`${line}\n`);
    const next = await this.#answers.next();
    if (next.done === true)
      throw new Error(`the guest ended the connection instead of answering \`${line}\``);
    const answer = JSON.parse(next.value) as object;
    const counts = 'sent' in answer;
    if (!counts && 'error' in answer) throw new Error(`\`${line}\`: ${String(answer.error).trim()}`);
    return answer;
  }

  async count(command: 'stop' | 'count' | 'close', name: string): Promise<GuestCount> {
    return (await this.ask(command, name)) as GuestCount;
  }

  close(): void {
    this.#socket.destroy();
  }
}
