/** A template gives the bytes that `encode` gives for the same numbers, or refuses to be made. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  actions,
  encode,
  flowMod,
  formatMac,
  type HoleWidth,
  instructions,
  match,
  type Message,
  MessageTemplate,
  packetOut,
  Writer,
} from '../../../controller/openflow/index.ts';

const NOTHING = new Uint8Array(0);
const widths = { port: 32, source: 48, idle: 16, table: 8 } as const;
type Numbers = Record<keyof typeof widths, number>;

const flow = ({ port, source, idle, table }: Numbers): Message =>
  flowMod({
    table,
    idleTimeout: idle,
    match: match({ in_port: 7, eth_src: formatMac(source) }),
    instructions: [instructions.apply(actions.output(port))],
  });

function bytesOf<Name extends string>(template: MessageTemplate<Name>, xid: number): Uint8Array {
  const writer = new Writer();
  template.appendTo(writer, xid);
  return writer.written();
}

const unsigned = (bits: HoleWidth): fc.Arbitrary<number> =>
  fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1)).map((value) => value % 2 ** bits);

describe('a template', () => {
  it('gives what encode gives, for all numbers', () => {
    const template = new MessageTemplate(widths, flow);
    fc.assert(
      fc.property(
        fc.record({
          port: unsigned(32),
          source: unsigned(48),
          idle: unsigned(16),
          table: unsigned(8),
        }),
        unsigned(32),
        (numbers, xid) => {
          for (const name of Object.keys(widths) as (keyof Numbers)[]) template.set[name](numbers[name]);
          expect(bytesOf(template, xid)).toEqual(encode(flow(numbers), xid));
        },
      ),
    );
  });

  it('begins with zeros, and keeps each number until the next', () => {
    const template = new MessageTemplate(widths, flow);
    const zeros = { port: 0, source: 0, idle: 0, table: 0 };
    expect(bytesOf(template, 1)).toEqual(encode(flow(zeros), 1));
    template.set.port(5);
    template.set.idle(6);
    expect(bytesOf(template, 2)).toEqual(encode(flow({ ...zeros, port: 5, idle: 6 }), 2));
    template.set.idle(0);
    expect(bytesOf(template, 3)).toEqual(encode(flow({ ...zeros, port: 5 }), 3));
  });

  it('follows other messages in a writer that has to grow', () => {
    const writer = new Writer(16);
    const template = new MessageTemplate(widths, flow);
    template.set.port(1);
    template.appendTo(writer, 1);
    template.set.port(2);
    template.appendTo(writer, 2);
    const numbers = { source: 0, idle: 0, table: 0 };
    expect(writer.written()).toEqual(
      new Uint8Array([
        ...encode(flow({ ...numbers, port: 1 }), 1),
        ...encode(flow({ ...numbers, port: 2 }), 2),
      ]),
    );
  });

  it.each<[keyof Numbers, number]>(
    (Object.keys(widths) as (keyof Numbers)[]).flatMap((name) =>
      [-1, 0.5, NaN, 2 ** widths[name]].map((value): [keyof Numbers, number] => [name, value]),
    ),
  )('refuses %s of %d, and stays as it was', (name, value) => {
    const template = new MessageTemplate(widths, flow);
    template.set[name](3);
    const before = bytesOf(template, 1).slice();
    expect(() => template.set[name](value)).toThrow(
      expect.objectContaining({ code: 'OPENFLOW_BAD_VALUE', what: name }),
    );
    expect(bytesOf(template, 1)).toEqual(before);
  });

  it('refuses an xid that is none', () => {
    const template = new MessageTemplate(widths, flow);
    expect(() => bytesOf(template, -1)).toThrow(expect.objectContaining({ code: 'OPENFLOW_BAD_VALUE' }));
  });
});

describe('no template is made of a message whose number', () => {
  const out = (bufferId: number): Message => packetOut({ bufferId, match: [], actions: [], data: NOTHING });
  it.each<[string, HoleWidth, (n: number) => Message, number]>([
    ['is not in it', 32, () => out(1), -1],
    ['stands in two places', 32, (n) => ({ ...flowMod({ bufferId: n, outPort: n }) }), 32],
    ['changes its length', 8, (n) => ({ type: 'echo_request', data: new Uint8Array(n) }), 3],
    ['is changed on its way', 32, (n) => out((n & 0xffff) * 0x1_0000 + (n >>> 16)), -1],
  ])('%s', (_, width, build, offset) => {
    expect(() => new MessageTemplate({ n: width }, ({ n }) => build(n))).toThrow(
      expect.objectContaining({ code: 'OPENFLOW_TEMPLATE', offset }),
    );
  });

  it('does not fit where it is put', () => {
    const make = (): unknown =>
      new MessageTemplate({ n: 32 }, ({ n }) => flowMod({ idleTimeout: n, match: [], instructions: [] }));
    expect(make).toThrow(expect.objectContaining({ code: 'OPENFLOW_BAD_VALUE' }));
  });
});
