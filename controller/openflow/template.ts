/**
 * A message that is sent over and over with other numbers in it: encoded once, then copied, the numbers set in
 * their places. For controllers that answer hundreds of thousands of packet-ins a second.
 *
 *     const answer = new MessageTemplate({ port: 32, buffer: 32 }, ({ port, buffer }) =>
 *       packetOut({ bufferId: buffer, match: [], actions: [actions.output(port)], data: NOTHING }),
 *     );
 *     answer.set.port(7);
 *     session.sendTemplate(answer);
 *
 * Where a number lies is not told but found, by encoding the message with others: so a template gives the bytes that
 * `encode` gives for the same numbers, or cannot be made.
 */
import { encode } from './codec.ts';
import { OpenFlowBadValueError, OpenFlowTemplateError } from './errors.ts';
import type { Message } from './message.ts';
import type { Writer } from './writer.ts';

/** In bits. 48 are a MAC address. */
export type HoleWidth = 8 | 16 | 32 | 48;

const XID = 4;

export class MessageTemplate<Name extends string> {
  /**
   * For each number one function that sets it for what is sent from now on; 0 until it is called. They throw
   * `OPENFLOW_BAD_VALUE` where the number is no unsigned one of its width.
   */
  readonly set: Readonly<Record<Name, (value: number) => void>>;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  /**
   * `build` gives the message for given numbers. It is called some times now, with any numbers of the widths, and never
   * again. Throws `OPENFLOW_TEMPLATE` where a number does not stand in one place of the message, whole, and what
   * `encode` throws.
   */
  constructor(widths: Readonly<Record<Name, HoleWidth>>, build: (values: Record<Name, number>) => Message) {
    const names = Object.keys(widths) as Name[];
    const bytesOf = (value: (name: Name) => number): Uint8Array<ArrayBuffer> =>
      encode(
        build(Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, number>),
        0,
      ).slice();
    const base = bytesOf((name) => repeated(0x5a, widths[name]));
    const view = new DataView(base.buffer);
    const setters = names.map((name) => {
      const other = bytesOf((one) => repeated(one === name ? 0xa5 : 0x5a, widths[one]));
      return [name, setter(view, placeOf(name, widths[name], base, other), widths[name], name)] as const;
    });
    this.#bytes = base;
    this.set = Object.fromEntries(setters) as Record<Name, (value: number) => void>;
    const counted = (name: Name): number => 0x0102_0304_0506 % 2 ** widths[name];
    for (const name of names) this.set[name](counted(name));
    if (Buffer.compare(base, bytesOf(counted)) !== 0) {
      throw new OpenFlowTemplateError(
        'message',
        -1,
        'what its numbers change depends on which they are; give the message to encode each time',
      );
    }
    for (const name of names) this.set[name](0);
  }

  /** Appends the message, with the numbers set last, to a writer. */
  appendTo(w: Writer, xid: number): void {
    const at = w.take(this.#bytes.length);
    w.bytes.set(this.#bytes, at);
    w.setU32(at + XID, xid, 'header.xid');
  }
}

/** A number of that width all of whose bytes are the same. */
function repeated(byte: number, bits: HoleWidth): number {
  let value = 0;
  for (let i = 0; i < bits; i += 8) value = value * 256 + byte;
  return value;
}

/** Where the bytes of a number lie: those that differ between two messages that differ in it alone. */
function placeOf(name: string, bits: HoleWidth, one: Uint8Array, other: Uint8Array): number {
  const places = [...one.keys()].filter((at) => one[at] !== other[at]);
  const [first = -1] = places;
  if (one.length !== other.length || places.length !== bits / 8 || places.at(-1) !== first + bits / 8 - 1) {
    throw new OpenFlowTemplateError(
      name,
      first,
      `a template's number of ${bits} bits has to stand in one place of the message, whole`,
    );
  }
  return first;
}

function setter(view: DataView, at: number, bits: HoleWidth, name: string): (value: number) => void {
  const refuse = (value: number): never => {
    throw new OpenFlowBadValueError(name, at, `${value} is not an unsigned number of ${bits} bits`);
  };
  switch (bits) {
    case 8:
      return (value) => {
        if ((value & 0xff) !== value) refuse(value);
        view.setUint8(at, value);
      };
    case 16:
      return (value) => {
        if ((value & 0xffff) !== value) refuse(value);
        view.setUint16(at, value);
      };
    case 32:
      return (value) => {
        if (value >>> 0 !== value) refuse(value);
        view.setUint32(at, value);
      };
    case 48:
      return (value) => {
        const high = Math.floor(value / 0x1_0000_0000);
        const low = value - high * 0x1_0000_0000;
        if ((high & 0xffff) !== high || low >>> 0 !== low) refuse(value);
        view.setUint16(at, high);
        view.setUint32(at + 2, low);
      };
  }
}
