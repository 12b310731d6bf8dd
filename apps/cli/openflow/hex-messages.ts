/**
 * Hex digits, in whatever pieces and with whatever white space they come, into whole OpenFlow messages. Keeps which
 * line each byte came from, for errors.
 */
import { OFP_HEADER_LENGTH } from '../../../controller/openflow/index.ts';
import { InputError } from '../errors.ts';

export interface HexMessage {
  readonly bytes: Uint8Array;
  /** The first of the input is 1. */
  readonly number: number;
  /** Of its first byte, from the start of the input. */
  readonly offset: number;
  /** The line that a byte of the message stands in; the first is 1. */
  lineOf(byte: number): number;
}

interface LineStart {
  readonly line: number;
  /** The message's first byte in this line. */
  readonly byte: number;
}

/** Longer than any message can be. */
const ROOM = 65_536;

export class HexMessages {
  readonly #bytes = new Uint8Array(ROOM);
  #have = 0;
  #number = 1;
  #offset = 0;
  #line = 1;
  #column = 0;
  #high: number | undefined;
  #lineStarts: LineStart[] = [];

  /** Calls `deliver` with each message that is whole by now. Throws `CLI_INPUT`. */
  push(text: string, deliver: (message: HexMessage) => void): void {
    for (const character of text) {
      this.#column += 1;
      if (/\s/.test(character)) {
        if (character === '\n') {
          this.#line += 1;
          this.#column = 0;
        }
        continue;
      }
      const digit = /^[0-9a-f]$/i.test(character) ? parseInt(character, 16) : undefined;
      if (digit === undefined) {
        throw new InputError(
          `line ${this.#line}, column ${this.#column}: ${JSON.stringify(character)} is no hex digit`,
        );
      }
      if (this.#high === undefined) {
        this.#high = digit;
      } else {
        this.#take(this.#high * 16 + digit, deliver);
        this.#high = undefined;
      }
    }
  }

  /** The input has ended. Throws `CLI_INPUT` when that was in the middle of something. */
  end(): void {
    const place = `line ${this.#line}, column ${this.#column}`;
    if (this.#high !== undefined) throw new InputError(`${place}: the input ends in the middle of a byte`);
    if (this.#have === 0) return;
    const missing =
      this.#have < OFP_HEADER_LENGTH
        ? `${this.#have} of the ${OFP_HEADER_LENGTH} bytes of its header are there`
        : `${this.#have} of the ${this.#length()} bytes that its header announces are there`;
    throw new InputError(`${place}: the input ends in the middle of message ${this.#number}: ${missing}`);
  }

  #take(byte: number, deliver: (message: HexMessage) => void): void {
    if (this.#lineStarts.at(-1)?.line !== this.#line)
      this.#lineStarts.push({ line: this.#line, byte: this.#have });
    this.#bytes[this.#have] = byte;
    this.#have += 1;
    if (this.#have === 4 && this.#length() < OFP_HEADER_LENGTH) {
      throw new InputError(
        `line ${this.#line}, column ${this.#column}: message ${this.#number} (from byte ${this.#offset} of the input) announces a length of ${this.#length()} bytes, less than a header has`,
      );
    }
    if (this.#have >= OFP_HEADER_LENGTH && this.#have === this.#length()) this.#release(deliver);
  }

  #length(): number {
    return this.#bytes[2]! * 256 + this.#bytes[3]!;
  }

  #release(deliver: (message: HexMessage) => void): void {
    const lineStarts = this.#lineStarts;
    const message: HexMessage = {
      bytes: this.#bytes.slice(0, this.#have),
      number: this.#number,
      offset: this.#offset,
      lineOf: (byte) => lineStarts.findLast((start) => start.byte <= byte)?.line ?? 1,
    };
    this.#number += 1;
    this.#offset += this.#have;
    this.#have = 0;
    this.#lineStarts = [];
    deliver(message);
  }
}
