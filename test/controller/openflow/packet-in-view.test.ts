/** The view and `decode` agree about every message: what is a packet-in, and what it says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decode,
  encode,
  match,
  OpenFlowError,
  type PacketIn,
  PacketInView,
} from '../../../controller/openflow/index.ts';
import { anyPacketIn } from './arbitrary.ts';

const frame = Uint8Array.from([2, 0, 0, 0, 0, 0xff, 2, 0, 0, 0, 1, 1, 8, 0, 0xfe, 0xdc, 0xba, 0x98]);
const packetIn: PacketIn = {
  type: 'packet_in',
  xid: 7,
  bufferId: 0xffff_fffe,
  totalLen: 1500,
  reason: 'action',
  table: 3,
  cookie: 0x8000_0000_0000_0001n,
  match: match({ in_port: 0xffff_fffe, tun_id: 5n }),
  data: frame,
};

function opened(bytes: Uint8Array): PacketInView {
  const view = new PacketInView();
  expect(view.open(bytes)).toBe(true);
  return view;
}

/** What the message is, with everything in it; undefined where it is no packet-in or is refused. */
function decoded(bytes: Uint8Array): PacketIn | undefined {
  try {
    const message = decode(bytes);
    return message.type === 'packet_in' ? message : undefined;
  } catch (error) {
    if (error instanceof OpenFlowError) return undefined;
    throw error;
  }
}

/** Checks every answer of the view against `decode`; says whether the bytes are a packet-in. */
function agree(bytes: Uint8Array): boolean {
  const wanted = decoded(bytes);
  const view = new PacketInView();
  expect(view.open(bytes)).toBe(wanted !== undefined);
  if (wanted === undefined) return false;
  const { xid, bufferId, totalLen, reason, table, cookie, dataLength } = view;
  expect({ xid, bufferId, totalLen, reason, table, cookie, dataLength }).toEqual({
    xid: wanted.xid,
    bufferId: wanted.bufferId,
    totalLen: wanted.totalLen,
    reason: wanted.reason,
    table: wanted.table,
    cookie: wanted.cookie,
    dataLength: wanted.data.length,
  });
  const inPort = wanted.match.find(
    ({ field, mask }) => field.oxmName === 'OXM_OF_IN_PORT' && mask === undefined,
  );
  expect(view.inPort).toBe(inPort?.value);
  expect(Uint8Array.from({ length: dataLength }, (_, i) => view.u8(i))).toEqual(wanted.data);
  expect(view.toMessage()).toEqual(wanted);
  return true;
}

describe('a view of a packet-in', () => {
  it('tells what is in the message', () => {
    const view = opened(encode(packetIn));
    expect(view.toMessage()).toEqual(decode(encode(packetIn)));
    expect(view.inPort).toBe(0xffff_fffe);
    expect(view.cookie).toBe(0x8000_0000_0000_0001n);
    expect(view.dataLength).toBe(frame.length);
    expect([view.u8(5), view.u16(12), view.u32(14)]).toEqual([0xff, 0x0800, 0xfedc_ba98]);
    expect([view.u48(0), view.u48(6)]).toEqual([0x0200_0000_00ff, 0x0200_0000_0101]);
  });

  it('finds its message among others', () => {
    const bytes = encode(packetIn);
    const stream = Buffer.concat([encode({ type: 'barrier_reply' }, 1), bytes, bytes]);
    const view = new PacketInView();
    expect(view.open(stream, 8, 8 + bytes.length)).toBe(true);
    expect(view.toMessage()).toEqual(decode(bytes));
    expect(() => view.u8(frame.length)).toThrow(OpenFlowError);
  });

  it('has no input port where the switch tells none', () => {
    expect(opened(encode({ ...packetIn, match: match({ tun_id: 5n }) })).inPort).toBeUndefined();
  });

  it.each([
    ['behind its end', (view: PacketInView) => view.u8(frame.length)],
    ['across its end', (view: PacketInView) => view.u48(frame.length - 5)],
    ['before it', (view: PacketInView) => view.u16(-1)],
    ['nowhere', (view: PacketInView) => view.u32(NaN)],
  ])('refuses to read the packet %s', (_where, read) => {
    const view = opened(encode(packetIn));
    expect(() => read(view)).toThrow(expect.objectContaining({ code: 'OPENFLOW_TRUNCATED' }));
  });

  it.each<[string, (view: PacketInView) => unknown]>([
    ['xid', (view) => view.xid],
    ['bufferId', (view) => view.bufferId],
    ['totalLen', (view) => view.totalLen],
    ['reason', (view) => view.reason],
    ['table', (view) => view.table],
    ['cookie', (view) => view.cookie],
    ['inPort', (view) => view.inPort],
    ['dataLength', (view) => view.dataLength],
    ['the packet', (view) => view.u8(0)],
    ['the message', (view) => view.toMessage()],
  ])('once closed does not tell %s', (_what, ask) => {
    const view = opened(encode(packetIn));
    view.close();
    expect(() => ask(view)).toThrow(expect.objectContaining({ code: 'OPENFLOW_VIEW_CLOSED' }));
  });

  it('that could not be opened tells nothing of the message before', () => {
    const view = opened(encode(packetIn));
    expect(view.open(encode({ type: 'barrier_reply' }, 1))).toBe(false);
    expect(() => view.bufferId).toThrow(expect.objectContaining({ code: 'OPENFLOW_VIEW_CLOSED' }));
  });

  it('agrees with decode about messages made up', () => {
    let seen = 0;
    fc.assert(
      fc.property(anyPacketIn, (message) => {
        let bytes: Uint8Array;
        try {
          bytes = encode(message);
        } catch (error) {
          if (error instanceof OpenFlowError) return;
          throw error;
        }
        if (agree(bytes)) seen++;
      }),
      { numRuns: 1_000 },
    );
    expect(seen).toBeGreaterThan(500);
  });

  it('agrees with decode about bytes that lie', () => {
    const original = encode(packetIn);
    const outcomes = { packetIn: 0, other: 0 };
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        fc.nat(original.length),
        (changes, length) => {
          const bytes = Uint8Array.from(original);
          for (const [at, value] of changes) bytes[at] = value;
          // Half of them are cut as well, their header telling the truth about it.
          const cut = length % 2 === 0 ? bytes : bytes.subarray(0, length);
          if (cut !== bytes && cut.length >= 8) cut.set([cut.length >> 8, cut.length & 255], 2);
          outcomes[agree(cut) ? 'packetIn' : 'other']++;
        },
      ),
      { numRuns: 5_000 },
    );
    expect(outcomes.packetIn).toBeGreaterThan(1_000);
    expect(outcomes.other).toBeGreaterThan(1_000);
  });
});
