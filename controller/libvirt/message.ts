/**
 * libvirt's RPC messages (virnetprotocol.x): a length that counts itself, a header of six words, a payload.
 *
 *     | length | program | version | procedure | type | serial | status | payload ... |
 *
 * A call and its reply share program, procedure and serial; an event ("message") has the serial 0 and comes
 * between replies whenever it likes.
 */
import { libvirt as limits } from '../limits.ts';
import { LibvirtProtocolError, XdrLengthError } from './errors.ts';
import type { XdrWriter } from './xdr.ts';

/** The programs that a libvirt daemon speaks on one connection, each of version 1. */
export const programs = {
  /** remote_protocol.x */
  remote: 0x2000_8086,
  /** qemu_protocol.x */
  qemu: 0x2000_8087,
  /** virkeepaliveprotocol.x: the letters "keep" */
  keepalive: 0x6b65_6570,
} as const;

export type ProgramName = keyof typeof programs;

export const PROGRAM_VERSION = 1;

/** `virNetMessageType`. */
export const messageTypes = {
  call: 0,
  reply: 1,
  message: 2,
  stream: 3,
  callWithFds: 4,
  replyWithFds: 5,
} as const;

/** `virNetMessageStatus`. */
export const messageStatus = { ok: 0, error: 1, continue: 2 } as const;

/** The length field and the header together. */
export const HEADER_BYTES = 28;

const LENGTH_BYTES = 4;

export interface MessageHeader {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
}

export interface Message {
  readonly header: MessageHeader;
  /** A view of received bytes: valid until the next message is asked for. */
  readonly payload: Uint8Array;
}

/** The bytes of one message; `writePayload` adds its payload. `writer` is scratch space. */
export function encodeMessage(
  writer: XdrWriter,
  header: MessageHeader,
  writePayload?: (writer: XdrWriter) => void,
): Buffer {
  writer.reset();
  writer.uint(0);
  writer.uint(header.program);
  writer.uint(header.version);
  writer.int(header.procedure);
  writer.uint(header.type);
  writer.uint(header.serial);
  writer.uint(header.status);
  writePayload?.(writer);
  if (writer.length > limits.messageMaxBytes + LENGTH_BYTES) {
    throw new XdrLengthError(
      `a message of ${writer.length} bytes to be sent where libvirt allows ${limits.messageMaxBytes + LENGTH_BYTES}`,
    );
  }
  writer.patchUint(0, writer.length);
  return writer.take();
}

function decodeMessage(frame: Buffer): Message {
  return {
    header: {
      program: frame.readUInt32BE(4),
      version: frame.readUInt32BE(8),
      procedure: frame.readInt32BE(12),
      type: frame.readUInt32BE(16),
      serial: frame.readUInt32BE(20),
      status: frame.readUInt32BE(24),
    },
    payload: frame.subarray(HEADER_BYTES),
  };
}

/**
 * Cuts a stream of bytes, in whatever pieces it comes, into messages. It holds only bytes that did arrive: a
 * length that lies is refused when its four bytes are there, and never allocated for.
 */
export class MessageSplitter {
  private parts: Buffer[] = [];
  private held = 0;

  /** Whether part of a message has arrived and the rest has not. */
  get midMessage(): boolean {
    return this.held > 0;
  }

  /**
   * The messages that `chunk` completes, in order.
   * @throws LibvirtProtocolError when a length is none that libvirt would send; the stream is lost then.
   */
  *push(chunk: Buffer): Generator<Message, void, undefined> {
    this.parts.push(chunk);
    this.held += chunk.byteLength;
    while (this.held >= LENGTH_BYTES) {
      const length = this.peekLength();
      if (length < HEADER_BYTES || length > limits.messageMaxBytes + LENGTH_BYTES) {
        throw new LibvirtProtocolError(
          `a message announces ${length} bytes where libvirt sends ${HEADER_BYTES} to ` +
            `${limits.messageMaxBytes + LENGTH_BYTES}: this is no libvirt daemon, or the stream is damaged`,
        );
      }
      if (this.held < length) return;
      const bytes = this.join();
      this.parts = bytes.byteLength > length ? [bytes.subarray(length)] : [];
      this.held -= length;
      yield decodeMessage(bytes.subarray(0, length));
    }
  }

  private peekLength(): number {
    const first = this.parts[0]!;
    return first.byteLength >= LENGTH_BYTES ? first.readUInt32BE(0) : this.join().readUInt32BE(0);
  }

  private join(): Buffer {
    const bytes = this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts, this.held);
    this.parts = [bytes];
    return bytes;
  }
}
