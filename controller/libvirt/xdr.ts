/**
 * XDR (RFC 4506), as much of it as libvirt's protocols use: a reader and a writer, each a cursor over bytes.
 *
 * Every item takes a multiple of four bytes, big-endian; a variable one is preceded by its length and followed
 * by zeros up to the next multiple. The reader checks every length twice before it takes anything: against what
 * the protocol allows there, and against the bytes at hand, so that a length that lies costs nothing. It is as
 * strict as the writer is regular: what it accepts, the writer would have written, byte for byte.
 */
import { XdrLengthError, XdrTruncatedError, XdrValueError } from './errors.ts';

const TWO_32 = 0x1_0000_0000;

function padding(length: number): number {
  return -length & 3;
}

/** Reads one payload from its start to its end. `what` names the payload in errors. */
export class XdrReader {
  private readonly bytes: Buffer;
  private readonly view: DataView;
  private readonly what: string;
  private at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.what = what;
  }

  /** The bytes not read yet. */
  get remaining(): number {
    return this.view.byteLength - this.at;
  }

  int(): number {
    return this.view.getInt32(this.take(4));
  }

  uint(): number {
    return this.view.getUint32(this.take(4));
  }

  hyper(): bigint {
    return this.view.getBigInt64(this.take(8));
  }

  uhyper(): bigint {
    return this.view.getBigUint64(this.take(8));
  }

  /** A hyper as a number: exact up to 2^53, rounded beyond. For counters and sizes. */
  hyperNumber(): number {
    const at = this.take(8);
    return this.view.getInt32(at) * TWO_32 + this.view.getUint32(at + 4);
  }

  /** An unsigned hyper as a number: exact up to 2^53, rounded beyond. For counters and sizes. */
  uhyperNumber(): number {
    const at = this.take(8);
    return this.view.getUint32(at) * TWO_32 + this.view.getUint32(at + 4);
  }

  double(): number {
    return this.view.getFloat64(this.take(8));
  }

  bool(): boolean {
    const value = this.uint();
    if (value > 1)
      throw new XdrValueError(`${this.what}: a boolean at byte ${this.at - 4} has the value ${value}`);
    return value === 1;
  }

  /** `length` bytes, as a view of the payload: copy them to keep them. */
  fixedOpaque(length: number): Uint8Array {
    const at = this.take(length + padding(length));
    for (let i = at + length; i < this.at; i += 1) {
      if (this.bytes[i] !== 0) throw new XdrValueError(`${this.what}: the padding at byte ${i} is not zero`);
    }
    return this.bytes.subarray(at, at + length);
  }

  /** At most `max` bytes, as a view of the payload: copy them to keep them. */
  opaque(max: number): Uint8Array {
    return this.fixedOpaque(this.length(max, 'bytes'));
  }

  /** A string of at most `max` bytes of UTF-8. Bytes that are not UTF-8 become U+FFFD: some messages quote any. */
  string(max: number): string {
    const bytes = this.opaque(max);
    const start = bytes.byteOffset - this.bytes.byteOffset;
    return this.bytes.toString('utf8', start, start + bytes.byteLength);
  }

  optional<T>(read: (reader: this) => T): T | undefined {
    return this.bool() ? read(this) : undefined;
  }

  /** At most `max` items, none smaller than four bytes. */
  array<T>(max: number, read: (reader: this) => T): T[] {
    const length = this.length(max, 'items');
    if (length * 4 > this.remaining) this.fail(length * 4);
    const items: T[] = [];
    for (let i = 0; i < length; i += 1) items.push(read(this));
    return items;
  }

  /** Checks that the whole payload was read. */
  end(): void {
    if (this.remaining > 0) {
      throw new XdrTruncatedError(`${this.what}: ${this.remaining} bytes follow the last value`);
    }
  }

  private length(max: number, unit: string): number {
    const length = this.uint();
    if (length > max) {
      throw new XdrLengthError(`${this.what}: ${length} ${unit} announced where libvirt allows ${max}`);
    }
    return length;
  }

  private take(length: number): number {
    if (length > this.remaining) this.fail(length);
    const at = this.at;
    this.at += length;
    return at;
  }

  private fail(wanted: number): never {
    throw new XdrTruncatedError(
      `${this.what}: ${wanted} bytes wanted at byte ${this.at}, where ${this.remaining} are left`,
    );
  }
}

/** Writes into one buffer that grows as needed and serves message after message. */
export class XdrWriter {
  private bytes: Buffer;
  private view: DataView;
  private at = 0;

  constructor(initial = 1024) {
    this.bytes = Buffer.alloc(initial);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  }

  /** The bytes written so far. */
  get length(): number {
    return this.at;
  }

  /** Forgets what was written, keeps the buffer. */
  reset(): void {
    this.at = 0;
  }

  /** A copy of what was written. */
  take(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.at));
  }

  int(value: number): void {
    const at = this.claim(4);
    this.view.setInt32(at, value);
  }

  uint(value: number): void {
    const at = this.claim(4);
    this.view.setUint32(at, value);
  }

  /** Overwrites the four bytes at `at`, for a length that is known only afterwards. */
  patchUint(at: number, value: number): void {
    this.view.setUint32(at, value);
  }

  hyper(value: bigint): void {
    const at = this.claim(8);
    this.view.setBigInt64(at, value);
  }

  uhyper(value: bigint): void {
    const at = this.claim(8);
    this.view.setBigUint64(at, value);
  }

  double(value: number): void {
    const at = this.claim(8);
    this.view.setFloat64(at, value);
  }

  bool(value: boolean): void {
    this.uint(value ? 1 : 0);
  }

  fixedOpaque(value: Uint8Array): void {
    const at = this.claim(value.byteLength + padding(value.byteLength));
    this.bytes.set(value, at);
    this.bytes.fill(0, at + value.byteLength, this.at);
  }

  opaque(value: Uint8Array, max: number): void {
    this.size(value.byteLength, max, 'bytes');
    this.fixedOpaque(value);
  }

  string(value: string, max: number): void {
    const length = Buffer.byteLength(value, 'utf8');
    this.size(length, max, 'bytes');
    const at = this.claim(length + padding(length));
    this.bytes.write(value, at, length, 'utf8');
    this.bytes.fill(0, at + length, this.at);
  }

  optional<T>(value: T | undefined, write: (writer: this, value: T) => void): void {
    this.bool(value !== undefined);
    if (value !== undefined) write(this, value);
  }

  array<T>(values: readonly T[], max: number, write: (writer: this, value: T) => void): void {
    this.size(values.length, max, 'items');
    for (const value of values) write(this, value);
  }

  private size(length: number, max: number, unit: string): void {
    if (length > max) throw new XdrLengthError(`${length} ${unit} to be sent where libvirt allows ${max}`);
    this.uint(length);
  }

  /** Makes room, which may replace `bytes` and `view`: take those only after it. */
  private claim(length: number): number {
    const at = this.at;
    const end = at + length;
    if (end > this.bytes.byteLength) {
      const grown = Buffer.alloc(Math.max(end, this.bytes.byteLength * 2));
      this.bytes.copy(grown, 0, 0, at);
      this.bytes = grown;
      this.view = new DataView(grown.buffer, grown.byteOffset, grown.byteLength);
    }
    this.at = end;
    return at;
  }
}
