/**
 * The decoder of IPFIX, held against what Open vSwitch 3.1 sent (open-vswitch.json: its templates, and the sample of
 * one packet of each sort), against messages that the tests put together, and against bytes that are none.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMessage, type FlowRecord, type Templates } from '../../../controller/ipfix/index.ts';
import { ArcticTernError } from '../../../controller/errors.ts';

const recorded = JSON.parse(readFileSync(new URL('open-vswitch.json', import.meta.url), 'utf8')) as {
  templates: string[];
  messages: Record<string, string>;
};
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

function recordedTemplates(): Templates {
  const templates: Templates = new Map();
  for (const text of recorded.templates) expect(decodeMessage(hex(text), templates).records).toEqual([]);
  return templates;
}

const client = 0xcb00_710b;
const guest = 0x0a01_0064;
const client6 = 0x2001_0db8_000f_0000_0000_0000_0000_0011n;
const guest6 = 0x2001_0db8_0001_0000_0000_0000_0000_0100n;
const over4 = { sourceIPv4Address: client, destinationIPv4Address: guest, observationPointId: 65_537 };
const over6 = { sourceIPv6Address: client6, destinationIPv6Address: guest6, observationPointId: 65_537 };
const ports = (source: number, destination: number) => ({
  sourceTransportPort: source,
  destinationTransportPort: destination,
});

describe('what Open vSwitch sends', () => {
  const expected: Record<string, FlowRecord> = {
    'tcp over IPv4': { ...over4, protocolIdentifier: 6, ...ports(40_000, 80) },
    'udp over IPv4': { ...over4, protocolIdentifier: 17, ...ports(40_001, 53) },
    icmp: { ...over4, protocolIdentifier: 1 },
    'esp over IPv4': { ...over4, protocolIdentifier: 50 },
    'tcp over IPv6': { ...over6, protocolIdentifier: 6, ...ports(40_000, 80) },
    'udp over IPv6': { ...over6, protocolIdentifier: 17, ...ports(40_001, 53) },
    icmpv6: { ...over6, protocolIdentifier: 58 },
    'tcp over IPv4, tagged': { ...over4, protocolIdentifier: 6, ...ports(40_000, 80) },
    arp: { observationPointId: 65_537 },
  };
  test.each(Object.keys(recorded.messages))('the sample of a packet: %s', (name) => {
    const { domain, records, unknownSets } = decodeMessage(
      hex(recorded.messages[name]!),
      recordedTemplates(),
    );
    expect({ domain, records, unknownSets }).toEqual({
      domain: 1,
      records: [expected[name]],
      unknownSets: 0,
    });
  });

  test('without its templates a sample is counted and passed over', () => {
    const decoded = decodeMessage(hex(recorded.messages['icmp']!), new Map());
    expect(decoded).toMatchObject({ records: [], unknownSets: 1 });
  });
});

/** A message of these sets; lengths are filled in. */
function message(...sets: readonly string[]): Uint8Array {
  const body = sets.map((text) => hex(text));
  const bytes = new Uint8Array(16 + body.reduce((sum, set) => sum + set.length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 10);
  view.setUint16(2, bytes.length);
  view.setUint32(8, 7);
  view.setUint32(12, 3);
  let at = 16;
  for (const set of body) {
    bytes.set(set, at);
    new DataView(bytes.buffer).setUint16(at + 2, set.length);
    at += set.length;
  }
  return bytes;
}

/** Template 256: an interface name of any length, an element of an enterprise, the point, the source. */
const TEMPLATE = '0002 0000 0100 0004 0052 ffff 8001 0004 0000 1234 008a 0004 0008 0004';
const RECORD = '02 6161 00000000 00000009 c6336407';

describe('messages of any exporter', () => {
  test('fields of variable length and of enterprises are skipped; several records in a set, and padding', () => {
    const templates: Templates = new Map();
    const decoded = decodeMessage(
      message(TEMPLATE, `0100 0000 ${RECORD} ff 0003 626262 00000000 0000000a c6336408 000000`),
      templates,
    );
    expect(decoded).toEqual({
      domain: 3,
      sequence: 7,
      unknownSets: 0,
      records: [
        { observationPointId: 9, sourceIPv4Address: 0xc633_6407 },
        { observationPointId: 10, sourceIPv4Address: 0xc633_6408 },
      ],
    });
  });

  test('an options template has its records skipped as they are long', () => {
    const decoded = decodeMessage(
      message('0003 0000 0101 0002 0001 0090 0004 0029 0008', '0101 0000 00000001 0000000000000002'),
      new Map(),
    );
    expect(decoded).toMatchObject({ records: [{}], unknownSets: 0 });
  });

  test('a template of no fields is withdrawn', () => {
    const templates: Templates = new Map();
    decodeMessage(message(TEMPLATE), templates);
    expect(decodeMessage(message('0002 0000 0100 0000', `0100 0000 ${RECORD}`), templates).unknownSets).toBe(
      1,
    );
    expect(templates.size).toBe(0);
  });

  test('a wanted element of another length is skipped, not misread', () => {
    const decoded = decodeMessage(
      message('0002 0000 0100 0002 0008 0002 0007 0002', '0100 0000 ffff 0050'),
      new Map(),
    );
    expect(decoded.records).toEqual([{ sourceTransportPort: 80 }]);
  });
});

describe('bad bytes', () => {
  const version9 = message();
  version9[1] = 9;
  const longer = message(TEMPLATE);
  longer[3] = longer.length + 1;
  test.each<[string, Uint8Array, string, string]>([
    ['nothing', new Uint8Array(0), 'IPFIX_TRUNCATED', 'an IPFIX message needs 16 bytes and has 0'],
    [
      'NetFlow 9',
      version9,
      'IPFIX_VERSION',
      "version 9 is not IPFIX's 10: let the exporter send IPFIX, not NetFlow",
    ],
    ['a message cut off', longer, 'IPFIX_TRUNCATED', 'an IPFIX message needs 45 bytes and has 44'],
    ['a reserved set', message('0004 0000'), 'IPFIX_SET', 'IPFIX set 4 is of no kind that RFC 7011 knows'],
    [
      'a template with the id of a set',
      message('0002 0000 00ff 0001 0008 0004'),
      'IPFIX_TEMPLATE',
      'IPFIX template 255 has an id that is reserved for sets',
    ],
    [
      'a template of no bytes',
      message('0002 0000 0100 0001 0052 0000'),
      'IPFIX_TEMPLATE',
      'IPFIX template 256 describes records of no bytes',
    ],
    [
      'a template cut off',
      message('0002 0000 0100 0002 0008 0004'),
      'IPFIX_TRUNCATED',
      'an IPFIX template 256 of 2 fields needs 4 bytes and has 0',
    ],
    [
      'a record cut off in a name',
      message(TEMPLATE, '0100 0000 fe 6161 00000000 00000009 c6336407'),
      'IPFIX_TRUNCATED',
      'an IPFIX record of template 256 needs 255 bytes and has 15',
    ],
  ])('%s', (_, bytes, code, sentence) => {
    expect(() => decodeMessage(bytes, new Map())).toThrow(
      expect.objectContaining({ code, message: sentence }) as Error,
    );
  });

  test('a set that says it has no bytes does not hold the decoder up', () => {
    const bytes = message(TEMPLATE);
    new DataView(bytes.buffer).setUint16(18, 0);
    expect(() => decodeMessage(bytes, new Map())).toThrow(
      expect.objectContaining({ code: 'IPFIX_TRUNCATED' }) as Error,
    );
  });

  test('any change of any byte gives records or a named error, and ends', () => {
    const messages = [...recorded.templates, ...Object.values(recorded.messages)].map(hex);
    const templates = recordedTemplates();
    fc.assert(
      fc.property(
        fc.constantFrom(...messages),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
        fc.nat(),
        (original, changes, cut) => {
          const bytes = original.slice(0, cut % 3 === 0 ? cut % original.length : original.length);
          for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
          try {
            const { records } = decodeMessage(bytes, new Map(templates));
            expect(records.length).toBeLessThanOrEqual(bytes.length);
          } catch (error) {
            expect(error).toBeInstanceOf(ArcticTernError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
