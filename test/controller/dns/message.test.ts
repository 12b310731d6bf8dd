import dnsPacket from 'dns-packet';
import { describe, expect, it, test } from 'vitest';
import { DnsMessageError } from '../../../controller/dns/errors.ts';
import { decodeAnswer, encodeUpdate, lastRecord } from '../../../controller/dns/message.ts';
import { recorded } from './recorded.ts';

const update = {
  zone: 'example.test',
  name: 'web.example.test',
  addresses: ['10.2.0.200', '2001:db8:2::c000'],
  ttl: 1,
};

describe('an update', () => {
  it('is, byte for byte, an update section that deletes both RRsets and adds the addresses', () => {
    const zone = '076578616d706c650474657374000006' + '0001';
    const web = '03776562076578616d706c650474657374' + '00';
    expect(encodeUpdate(0xb7ef, update).toString('hex')).toBe(
      [
        'b7ef2800' + '0001000000040000',
        zone,
        `${web}0001` + '00ff' + '00000000' + '0000',
        `${web}001c` + '00ff' + '00000000' + '0000',
        `${web}0001` + '0001' + '00000001' + '0004' + '0a0200c8',
        `${web}001c` + '0001' + '00000001' + '0010' + '20010db800020000000000000000c000',
      ].join(''),
    );
  });

  it('says what nsupdate says, who compresses names', () => {
    const { request } = recorded('sha256');
    const unsigned = Buffer.from(request.subarray(0, lastRecord(request)!.offset));
    unsigned.writeUInt16BE(0, 10);
    const plain = (bytes: Buffer): unknown => rewritten(bytes);
    expect(plain(encodeUpdate(request.readUInt16BE(0), update))).toEqual(plain(unsigned));
    expect(unsigned.length).toBeLessThan(encodeUpdate(0, update).length);
  });

  it('of a name without addresses only deletes', () => {
    const bytes = encodeUpdate(1, { ...update, addresses: [] });
    expect(bytes.readUInt16BE(8)).toBe(2);
  });
});

/** Header and records, with names written out: dns-packet cannot read the empty data of what is deleted. */
function rewritten(bytes: Buffer): unknown {
  const records: unknown[] = [];
  let at = 12 + nameLength(bytes, 12) + 4;
  for (let i = 0; i < bytes.readUInt16BE(8); i++) {
    const owner = nameAt(bytes, at);
    at += nameLength(bytes, at);
    const length = bytes.readUInt16BE(at + 8);
    records.push([
      owner,
      bytes.toString('hex', at, at + 8),
      bytes.toString('hex', at + 10, at + 10 + length),
    ]);
    at += 10 + length;
  }
  return { header: bytes.toString('hex', 0, 12), zone: nameAt(bytes, 12), records, end: at === bytes.length };
}

const nameAt = (bytes: Buffer, at: number): string => {
  const length = bytes[at]!;
  if (length === 0) return '';
  if (length >= 0xc0) return nameAt(bytes, bytes.readUInt16BE(at) & 0x3fff);
  return `${bytes.toString('latin1', at + 1, at + 1 + length)}.${nameAt(bytes, at + 1 + length)}`;
};

const nameLength = (bytes: Buffer, at: number): number => {
  const length = bytes[at]!;
  if (length === 0) return 1;
  return length >= 0xc0 ? 2 : 1 + length + nameLength(bytes, at + 1 + length);
};

describe("BIND's answer", () => {
  it.each([
    ['sha256', 'NOERROR'],
    ['wrongSecret', 'NOTAUTH'],
    ['unknownKey', 'NOTAUTH'],
    ['refused', 'REFUSED'],
  ] as const)('%s says %s', (name, rcode) => {
    const { request, answer } = recorded(name);
    const { last, ...rest } = decodeAnswer(answer);
    expect(rest).toEqual({ id: request.readUInt16BE(0), isUpdate: true, rcode });
    expect(last).toMatchObject({ type: 250, offset: 30 });
  });
});

describe('bad bytes', () => {
  const { answer, request } = recorded('sha256');

  test('every answer that is cut short is refused', () => {
    for (let length = 0; length < answer.length; length++) {
      expect(() => decodeAnswer(answer.subarray(0, length)), `${length} bytes`).toThrow(DnsMessageError);
    }
  });

  test.each<[string, Buffer, string]>([
    ['a question', request, 'the answer cannot be read: it is a question'],
    [
      'bytes that follow',
      Buffer.concat([answer, Buffer.of(0)]),
      'the answer cannot be read: bytes follow its last record',
    ],
    [
      'a name that refers to itself',
      Buffer.concat([answer.subarray(0, 12), Buffer.of(0xc0, 12), Buffer.alloc(20)]),
      'the answer cannot be read: Cannot decode name (bad pointer)',
    ],
  ])('%s', (_what, bytes, message) => {
    expect(() => decodeAnswer(bytes)).toThrow(
      expect.objectContaining({ message, code: 'DNS_MESSAGE' }) as Error,
    );
  });

  test('counts of records that are not there', () => {
    const bytes = dnsPacket.encode({ type: 'response', id: 1, flags: 5 << 11 });
    bytes.writeUInt16BE(0xffff, 6);
    expect(() => decodeAnswer(bytes)).toThrow(DnsMessageError);
  });
});
