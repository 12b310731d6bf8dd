/**
 * Framing: cuts a stream of bytes, in whatever chunks it arrives, into whole messages.
 *
 * A message that lies within one chunk is handed on as a view of the chunk, without copying; only one that is
 * spread over chunks is gathered, in a buffer of exactly its length (at most 65,535 bytes, as the header says no
 * more). A header with a length below 8 breaks the framing for good.
 */
import { OFP_HEADER_LENGTH } from './constants.ts';
import { OpenFlowBadLengthError } from './errors.ts';

export class MessageSplitter {
  /** Bytes of a header that is not whole yet, or of a message that is not. */
  private pending: Uint8Array = new Uint8Array(OFP_HEADER_LENGTH);
  private have = 0;
  private broken: OpenFlowBadLengthError | undefined;

  /** Bytes held back until the rest of their message arrives. */
  get pendingBytes(): number {
    return this.have;
  }

  /**
   * Takes the next chunk and calls `deliver` with each message that is whole by now, in order. What it is given
   * is valid until the chunk's memory is reused; `decode` copies what it keeps.
   *
   * Throws `OPENFLOW_BAD_LENGTH` for a header that announces less than 8 bytes, after the messages before it
   * were delivered, and on every later call: close the connection.
   */
  push(chunk: Uint8Array, deliver: (message: Uint8Array) => void): void {
    this.scan(chunk, (bytes, start, end) => deliver(bytes.subarray(start, end)));
  }

  /** As `push`, without a view of each message: `deliver` is told where in `bytes` it lies. */
  scan(chunk: Uint8Array, deliver: (bytes: Uint8Array, start: number, end: number) => void): void {
    if (this.broken !== undefined) throw this.broken;
    let at = 0;
    while (at < chunk.length) {
      if (this.have > 0) {
        at = this.gather(chunk, at);
        if (this.have === this.pending.length && this.have > OFP_HEADER_LENGTH) this.release(deliver);
        else if (this.have === OFP_HEADER_LENGTH && this.lengthOf(this.pending, 0) === OFP_HEADER_LENGTH) {
          this.release(deliver);
        }
        continue;
      }
      const left = chunk.length - at;
      const length = left < OFP_HEADER_LENGTH ? OFP_HEADER_LENGTH : this.lengthOf(chunk, at);
      if (left < length) {
        this.pending = new Uint8Array(length);
        this.pending.set(chunk.subarray(at));
        this.have = left;
        return;
      }
      at += length;
      deliver(chunk, at - length, at);
    }
  }

  private lengthOf(bytes: Uint8Array, at: number): number {
    const length = bytes[at + 2]! * 256 + bytes[at + 3]!;
    if (length < OFP_HEADER_LENGTH) {
      this.broken = new OpenFlowBadLengthError(
        'stream',
        at + 2,
        `a header announces ${length} bytes, less than itself; close the connection`,
      );
      throw this.broken;
    }
    return length;
  }

  /** Adds bytes to what is pending, up to a whole header or a whole message; gives where it stopped. */
  private gather(chunk: Uint8Array, at: number): number {
    if (this.have === OFP_HEADER_LENGTH && this.pending.length === OFP_HEADER_LENGTH) {
      const whole = new Uint8Array(this.lengthOf(this.pending, 0));
      whole.set(this.pending);
      this.pending = whole;
    }
    const count = Math.min(this.pending.length - this.have, chunk.length - at);
    this.pending.set(chunk.subarray(at, at + count), this.have);
    this.have += count;
    if (this.have === OFP_HEADER_LENGTH) this.lengthOf(this.pending, 0);
    return at + count;
  }

  private release(deliver: (bytes: Uint8Array, start: number, end: number) => void): void {
    const message = this.pending;
    this.pending = new Uint8Array(OFP_HEADER_LENGTH);
    this.have = 0;
    deliver(message, 0, message.length);
  }
}
