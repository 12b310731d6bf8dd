import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  actions,
  decode as decodeMessage,
  encode,
  flowMod,
  hello,
  instructions,
  match,
  toJson,
  type Message,
} from '../../../controller/openflow/index.ts';
import { FakeTerminal, type Result, runIn } from './fake-terminal.ts';

const messages: readonly Message[] = [
  { ...hello(), xid: 1 },
  { type: 'echo_request', xid: 2, data: new Uint8Array([1, 2, 3]) },
  flowMod({
    xid: 3,
    table: 10,
    cookie: 0xa7c7_0101_0000_0001n,
    match: match({ in_port: 4, eth_type: 0x0800, ip_dst: '10.1.0.100' }),
    instructions: [instructions.apply(actions.output(7)), instructions.gotoTable(20)],
  }),
  { type: 'barrier_request', xid: 0xffff_ffff },
];
const hex = messages.map((message) => Buffer.from(encode(message)).toString('hex'));
const json = messages.map((message) => JSON.stringify(toJson(decodeMessage(encode(message)))));
const lines = (list: readonly string[]): string => list.map((line) => `${line}\n`).join('');

const decode = (...input: (string | Uint8Array)[]): Promise<Result> =>
  runIn(new FakeTerminal({ input }), 'openflow', 'decode');
const encodeLines = (...input: (string | Uint8Array)[]): Promise<Result> =>
  runIn(new FakeTerminal({ input }), 'openflow', 'encode');

describe('openflow decode', () => {
  it.each([
    ['one a line', lines(hex)],
    ['in a row', hex.join('')],
    ['in a row with an end', `${hex.join(' ')}\n`],
    ['in capitals', hex.join('\n').toUpperCase()],
    [
      'with white space anywhere',
      hex
        .join('')
        .replace(/./g, '$& ')
        .replace(/(.{17})/g, '$1\t\r\n\v'),
    ],
    ['among empty lines', `\n\n${hex.join('\n\n \n')}\n\n`],
  ])('reads messages %s', async (_how, input) => {
    expect(await decode(input)).toEqual({ code: 0, out: lines(json), err: '' });
  });

  it('reads input that is cut anywhere', async () => {
    const input = hex.join('\n');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(input.length), { maxLength: 6 }), async (cuts) => {
        const ends = [...cuts.sort((a, b) => a - b), input.length];
        expect(await decode(...ends.map((end, i) => input.slice(ends[i - 1] ?? 0, end)))).toEqual({
          code: 0,
          out: lines(json),
          err: '',
        });
      }),
      { numRuns: 30 },
    );
  });

  it('gives nothing for nothing', async () => {
    expect(await decode()).toEqual({ code: 0, out: '', err: '' });
    expect(await decode(' \n')).toEqual({ code: 0, out: '', err: '' });
  });

  it.each([
    ['a letter', '06020008 0000\n000g', '', 'line 2, column 4: "g" is no hex digit'],
    ['a prefix', '0x06020008', '', 'line 1, column 2: "x" is no hex digit'],
    ['a large character', '06\n𝄞', '', 'line 2, column 1: "𝄞" is no hex digit'],
    ['half a byte', '0', '', 'line 1, column 1: the input ends in the middle of a byte'],
    [
      'half a header',
      '0602 0008 00',
      '',
      'line 1, column 12: the input ends in the middle of message 1: 5 of the 8 bytes of its header are there',
    ],
    [
      'half a message, after a good one',
      `${hex[0]!}\n0602000c\n00000001`,
      lines(json.slice(0, 1)),
      'line 3, column 8: the input ends in the middle of message 2: 8 of the 12 bytes that its header announces are there',
    ],
    [
      'a length that lies',
      `${hex[1]!}\n06020007 00000001`,
      lines(json.slice(1, 2)),
      'line 2, column 8: message 2 (from byte 11 of the input) announces a length of 7 bytes, less than a header has',
    ],
    [
      'another version',
      `${hex[3]!}\n0402000800000001`,
      lines(json.slice(3)),
      'line 2, message 2 (from byte 8 of the input): header at byte 0: version 4 of a message of type 2; this library speaks 6 (OpenFlow 1.5)',
    ],
  ])('says where %s is', async (_what, input, out, sentence) => {
    expect(await decode(input)).toEqual({ code: 1, out, err: `error: ${sentence}\n` });
  });

  it('names the line of the byte that is wrong, not that of the message', async () => {
    // A flow mod whose instruction announces more than is there.
    const broken = Buffer.from(encode(messages[2]!));
    const at = broken.length - 8;
    broken.writeUInt16BE(0x0100, at + 2);
    const digits = broken.toString('hex');
    const { code, err } = await decode(`${digits.slice(0, at * 2)}\n${digits.slice(at * 2)}`);
    expect(code).toBe(1);
    expect(err).toMatch(/^error: line 2, message 1 \(from byte 0 of the input\): .* at byte \d+: .*\n$/);
  });

  it('never fails in a way that was not foreseen', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        const whole = Buffer.concat([
          Buffer.from([6, bytes[0] ?? 0, 0, 8 + bytes.length, 0, 0, 0, 1]),
          bytes,
        ]);
        const { code, err } = await decode(whole.toString('hex'));
        if (code === 0) expect(err).toBe('');
        else expect(err).toMatch(/^error: line 1, message 1 \(from byte 0 of the input\): .*\n$/);
      }),
      { numRuns: 300 },
    );
  });
});

describe('openflow encode', () => {
  it('gives the identical bytes', async () => {
    expect(await encodeLines(lines(json))).toEqual({ code: 0, out: lines(hex), err: '' });
  });

  it('takes a last line without an end, CRLF, empty lines and lines that are cut anywhere', async () => {
    const input = Buffer.from(`\r\n${json.join('\r\n\n')}`);
    const bytes = [...input].map((byte) => Uint8Array.of(byte));
    expect(await encodeLines(...bytes)).toEqual({ code: 0, out: lines(hex), err: '' });
  });

  it.each([
    ['no JSON', `${json[0]!}\n\n{"type":`, lines(hex.slice(0, 1)), /^error: line 3: it is no JSON: .*\n$/],
    ['no message', '7', '', /^error: line 1: \$: 7 is not an object\n$/],
    ['an unknown type', '{"type":"hullo"}', '', /^error: line 1: \$\.type: "hullo" is not one of .*\n$/],
    ['a missing member', '{"type":"echo_request","xid":1}', '', /^error: line 1: \$\.data: it is missing\n$/],
    [
      'an unknown member',
      '{"type":"barrier_request","xid":1,"hurry":true}',
      '',
      /^error: line 1: \$\.hurry: there is no such member\n$/,
    ],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), '', /^error: near byte 0 of the input: it is no UTF-8\n$/],
    [
      'half a character',
      Buffer.from([0x0a, 0xc3]),
      '',
      /^error: near byte 2 of the input: it is no UTF-8\n$/,
    ],
  ])('says where there is %s', async (_what, input, out, sentence) => {
    const result = await encodeLines(input);
    expect(result).toMatchObject({ code: 1, out });
    expect(result.err).toMatch(sentence);
  });

  it('refuses a line without end', async () => {
    const { code, err } = await encodeLines('\n', ...Array.from({ length: 17 }, () => 'x'.repeat(1_048_576)));
    expect([code, err]).toEqual([
      1,
      'error: line 2: it is longer than 16777216 characters, more than a message can need\n',
    ]);
  });
});

describe('openflow', () => {
  it('shows what it can do when it is not told', async () => {
    const { code, err } = await runIn(new FakeTerminal(), 'openflow');
    expect(code).toBe(1);
    expect(err).toMatch(/^Usage: arctictern openflow \[options\] \[command\]\n/);
  });
});
