/** Bytes that lie, each with its exact error; and odd ones that are kept instead. */
import { describe, expect, it } from 'vitest';
import { decode, encode, OpenFlowError, toJson } from '../../../controller/openflow/index.ts';

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const FLOW_MOD = `${'00'.repeat(16)} 00 00 0000 0000 8000 ffffffff ffffffff ffffffff 0000 0000`;

/** A message of a type, its length filled in. */
function message(type: number, body: string): Uint8Array {
  const rest = bytesOf(body);
  const bytes = new Uint8Array(8 + rest.length);
  bytes.set([6, type, bytes.length >> 8, bytes.length & 255, 0, 0, 0, 1]);
  bytes.set(rest, 8);
  return bytes;
}

/** A flow-mod with an empty match and these instructions. */
const withInstructions = (hex: string) => message(14, `${FLOW_MOD} 0001 0004 00000000 ${hex}`);
/** A flow-mod that applies these actions. */
function withActions(hex: string): Uint8Array {
  const length = (8 + bytesOf(hex).length).toString(16).padStart(4, '0');
  return withInstructions(`0004 ${length} 00000000 ${hex}`);
}

describe('bytes that lie', () => {
  it.each<[string, Uint8Array, string, string]>([
    ['nothing', bytesOf(''), 'OPENFLOW_TRUNCATED', 'header at byte 0: 8 bytes are needed, 0 are left'],
    [
      'half a header',
      bytesOf('06 00 00 08'),
      'OPENFLOW_TRUNCATED',
      'header at byte 0: 8 bytes are needed, 4 are left',
    ],
    [
      'a length below 8',
      bytesOf('06 00 0007 00000001'),
      'OPENFLOW_BAD_LENGTH',
      'header at byte 2: a message of 7 bytes has no header',
    ],
    [
      'a length beyond the end',
      bytesOf('06 02 0010 00000001'),
      'OPENFLOW_TRUNCATED',
      'header at byte 2: a length of 16 is announced, 8 bytes are there',
    ],
    [
      'bytes behind the end',
      bytesOf('06 02 0008 00000001 00'),
      'OPENFLOW_BAD_LENGTH',
      'header at byte 2: a length of 8 is announced, 9 bytes are there; split the stream first',
    ],
    [
      'another version',
      bytesOf('04 05 0008 00000001'),
      'OPENFLOW_BAD_VERSION',
      'header at byte 0: version 4 of a message of type 5; this library speaks 6 (OpenFlow 1.5)',
    ],
    [
      'a body where there is none',
      message(20, '00'),
      'OPENFLOW_BAD_LENGTH',
      'barrier_request at byte 8: 0 bytes are wanted, 1 are left',
    ],
    [
      'half a flow-mod',
      message(14, '00'.repeat(39)),
      'OPENFLOW_TRUNCATED',
      'flow_mod at byte 8: 40 bytes are needed, 39 are left',
    ],
    [
      'a match beyond the message',
      message(14, `${FLOW_MOD} 0001 0010 00000000`),
      'OPENFLOW_BAD_LENGTH',
      'flow_mod.match at byte 48: a match of 16 bytes does not fit in the 8 left',
    ],
    [
      'an OXM beyond its match',
      message(14, `${FLOW_MOD} 0001 000a 80000a04 0800 000000000000`),
      'OPENFLOW_BAD_LENGTH',
      'flow_mod.match at byte 52: an OXM of 4 bytes does not fit in the 2 left',
    ],
    [
      'half an OXM header',
      message(14, `${FLOW_MOD} 0001 0006 8000 0000`),
      'OPENFLOW_BAD_LENGTH',
      'flow_mod.match at byte 52: an OXM header needs 4 bytes, 2 are left',
    ],
    [
      'an experimenter OXM without its id',
      message(14, `${FLOW_MOD} 0001 000a ffff0002 0000 000000000000`),
      'OPENFLOW_BAD_LENGTH',
      'flow_mod.match at byte 52: an experimenter OXM of 2 bytes lacks its id',
    ],
    [
      'an instruction of length 0',
      withInstructions('0005 0000 00000000'),
      'OPENFLOW_BAD_LENGTH',
      'instruction at byte 56: a length of 0 is not a multiple of 8 within the 8 bytes left',
    ],
    [
      'half an instruction',
      withInstructions('0005 0008'),
      'OPENFLOW_BAD_LENGTH',
      'instruction at byte 56: an instruction needs 8 bytes, 4 are left',
    ],
    [
      'an action of length 0',
      withActions('0000 0000 00000001'),
      'OPENFLOW_BAD_LENGTH',
      'action at byte 64: a length of 0 is not a multiple of 8 within the 8 bytes left',
    ],
    [
      'an action of odd length',
      withActions('0000 000c 00000001 00000000 00000000'),
      'OPENFLOW_BAD_LENGTH',
      'action at byte 64: a length of 12 is not a multiple of 8 within the 16 bytes left',
    ],
    [
      'an action beyond its instruction',
      withActions('0000 0010 00000001'),
      'OPENFLOW_BAD_LENGTH',
      'action at byte 64: a length of 16 is not a multiple of 8 within the 8 bytes left',
    ],
    [
      'an action beyond the ct that holds it',
      withActions('ffff 0020 00002320 0023 0001 00000000 0000 ff 000000 0000 0000 0010 00000001'),
      'OPENFLOW_BAD_LENGTH',
      'action at byte 88: a length of 16 is not a multiple of 8 within the 8 bytes left',
    ],
    [
      'actions beyond a packet-out',
      message(13, 'ffffffff 0010 0000 0001 0004 00000000'),
      'OPENFLOW_BAD_LENGTH',
      'packet_out.actions at byte 24: 16 bytes of actions do not fit in the 0 left',
    ],
    [
      'a property of length 0',
      message(4, '00002320 0000001e 0000 0000'),
      'OPENFLOW_BAD_LENGTH',
      'nx_packet_in2 at byte 16: a property of 0 bytes does not fit in the 4 left',
    ],
    [
      'a port of length 0',
      message(12, `00 ${'00'.repeat(7)} 00000001 0000 ${'00'.repeat(34)}`),
      'OPENFLOW_BAD_LENGTH',
      'port at byte 16: a port of 0 bytes does not fit in the 40 left',
    ],
    [
      'a flow description of length 0',
      message(19, `0001 0000 00000000 ${'00'.repeat(32)}`),
      'OPENFLOW_BAD_LENGTH',
      'flow_desc at byte 16: an entry of 0 bytes is not between 32 and the 32 left',
    ],
    [
      'statistics beyond a flow description',
      message(19, `0001 0000 00000000 0020 ${'00'.repeat(22)} 0001 0004 00000000`),
      'OPENFLOW_TRUNCATED',
      'flow_desc.stats at byte 48: 4 bytes are needed, 0 are left',
    ],
    [
      'an inner message beyond a bundle',
      message(34, '00000001 0000 0000 06 14 0010 00000001'),
      'OPENFLOW_BAD_LENGTH',
      'inner header at byte 18: a message of 16 bytes does not fit in the 8 left',
    ],
    [
      'a bucket beyond its group',
      message(15, '0000 00 00 00000001 0008 0000 ffffffff 0010 0000 00000000'),
      'OPENFLOW_BAD_LENGTH',
      'bucket at byte 24: 16 bytes with 0 of actions do not fit in the 8 left',
    ],
    [
      'a meter band of length 0',
      message(29, '0000 0001 00000001 0001 0000 00000000 00000000'),
      'OPENFLOW_BAD_LENGTH',
      'meter band at byte 16: a band of 0 bytes does not fit in the 12 left',
    ],
  ])('%s', (_name, bytes, code, text) => {
    let caught: unknown;
    try {
      decode(bytes);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(OpenFlowError);
    expect(caught).toMatchObject({ code, message: text });
  });
});

describe('bytes that are odd but well framed', () => {
  it.each<[string, Uint8Array, unknown]>([
    ['an unknown message', message(99, '0102'), { type: 'raw', messageType: 99, body: '0102' }],
    [
      'padding of a message',
      message(12, `00 01 ${'00'.repeat(6)} ${'00'.repeat(40)}`),
      { type: 'raw', messageType: 12 },
    ],
    [
      'padding of an action',
      withActions('0000 0010 00000001 0000 000000000001'),
      { instructions: [{ actions: [{ type: 'raw', bytes: '00000010000000010000000000000001' }] }] },
    ],
    [
      'an output of 24 bytes beside one that is right',
      withActions(`0000 0018 ${'00'.repeat(20)} 0000 0010 00000001 0000 000000000000`),
      { instructions: [{ actions: [{ type: 'raw' }, { type: 'output', port: 1 }] }] },
    ],
    [
      'an unknown OXM and one of odd length',
      message(14, `${FLOW_MOD} 0001 000f 7fff0202 0102 80000a01 08 00`),
      {
        match: [
          { field: 'raw', value: '7fff02020102' },
          { field: 'raw', value: '80000a0108' },
        ],
      },
    ],
    [
      'a property that is not known',
      message(4, '00002320 0000001e 0003 0005 07 000000 7777 0004 00000000'),
      { type: 'nx_packet_in2', table: 7, others: '7777000400000000' },
    ],
    [
      'padding of a flow description beside one that is right',
      message(
        19,
        `0001 0000 00000000 0028 0001 ${'00'.repeat(20)} 0001 0004 00000000 0000 0004 00000000` +
          `0028 0000 07 00 8000 ${'00'.repeat(16)} 0001 0004 00000000 0000 0004 00000000`,
      ),
      { type: 'flow_desc_reply', flows: [{ raw: expect.any(String) as string }, { table: 7 }] },
    ],
    [
      'an experimenter that is not known',
      message(4, '00001234 00000001 aa'),
      { type: 'experimenter', experimenter: 0x1234, data: 'aa' },
    ],
    [
      'an unknown error',
      message(1, '0001 00ff 01'),
      { type: 'error', error: { type: 1, code: 255 }, data: '01' },
    ],
  ])('%s', (_name, bytes, wanted) => {
    const decoded = decode(bytes);
    expect(toJson(decoded)).toMatchObject(wanted as object);
    expect(Buffer.from(encode(decoded)).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
  });

  it('actions nested without end', () => {
    let actions = bytesOf('0000 0010 00000001 0000 000000000000');
    for (let depth = 0; depth < 2000; depth++) {
      const outer = new Uint8Array(16 + actions.length);
      outer.set([0xff, 0xff, outer.length >> 8, outer.length & 255, 0, 0, 0x23, 0x20, 0, 42]);
      outer.set(actions, 16);
      actions = outer;
    }
    const bytes = withActions(Buffer.from(actions).toString('hex'));
    expect(Buffer.from(encode(decode(bytes))).equals(Buffer.from(bytes))).toBe(true);
  });

  it('bundles nested without end', () => {
    let bytes = message(20, '');
    for (let depth = 0; depth < 3000; depth++) {
      bytes = message(34, `00000001 0000 0000 ${Buffer.from(bytes).toString('hex')}`);
    }
    expect(Buffer.from(encode(decode(bytes))).equals(Buffer.from(bytes))).toBe(true);
  });
});
