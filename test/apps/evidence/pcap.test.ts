import { describe, expect, it } from 'vitest';
import { readCapture } from '../../../apps/evidence/pcap.ts';
import { hex, pcap } from './frames.ts';

const bytes = hex('0102030405');

// Written by `tcpdump --time-stamp-precision nano -w`, one frame: 2026-11-27T00:15:28.485013152Z.
const golden = hex(`
  4d3cb2a1 0200 0400 00000000 00000000 a0000000 14010000
  a0cb086b 3cb6e81c 05000000 60000000 86dd000000`);

describe('a capture file', () => {
  it('is read as tcpdump writes it, to the nanosecond', () => {
    const origin = Date.UTC(2026, 10, 27, 0, 15, 28);
    const { linkType, frames, leftOver } = readCapture(golden, origin);
    expect({ linkType, leftOver }).toEqual({ linkType: 276, leftOver: 0 });
    expect(frames).toHaveLength(1);
    expect(frames[0]!.ms).toBeCloseTo(485.013052, 6);
    expect(frames[0]).toMatchObject({ length: 96, bytes: hex('86dd000000') });
  });

  it.each([
    ['nanoseconds, little-endian', { magic: 0xa1b23c4d, bigEndian: false }, 123_456_789, 123.456789],
    ['nanoseconds, big-endian', { magic: 0xa1b23c4d, bigEndian: true }, 123_456_789, 123.456789],
    ['microseconds, little-endian', { magic: 0xa1b2c3d4, bigEndian: false }, 123_456, 123.456],
    ['microseconds, big-endian', { magic: 0xa1b2c3d4, bigEndian: true }, 123_456, 123.456],
  ])('with stamps in %s', (_, format, fraction, ms) => {
    const file = pcap([{ stamp: [1_700_000_002, fraction], bytes }], format);
    const { frames } = readCapture(file, 1_700_000_000_500);
    expect(frames[0]!.ms).toBeCloseTo(1_500 + ms, 9);
    expect(frames[0]!.bytes).toEqual(bytes);
  });

  it('keeps what is whole of a file that was cut anywhere, and says what is left', () => {
    const file = pcap([
      { stamp: [1, 0], bytes },
      { stamp: [2, 0], bytes },
    ]);
    for (let length = 24; length <= file.length; length++) {
      const { frames, leftOver } = readCapture(file.subarray(0, length), 0);
      expect(frames).toHaveLength(Math.floor((length - 24) / 21));
      expect(leftOver).toBe((length - 24) % 21);
    }
  });

  it('stops at a record that is longer than any can be', () => {
    const file = pcap([
      { stamp: [1, 0], bytes },
      { stamp: [2, 0], bytes },
    ]);
    file.writeUInt32LE(0xffff_ffff, 24 + 21 + 8);
    expect(readCapture(file, 0)).toMatchObject({ frames: [{ ms: 1_000 }], leftOver: 21 });
  });

  it.each([
    [hex(''), 'x.pcap is no packet capture (it has 0 bytes only): expected a pcap file as tcpdump writes it'],
    [hex('4d3cb2a1 0200'), 'x.pcap is no packet capture (it has 6 bytes only)'],
    [Buffer.alloc(24, 0x41), 'x.pcap is no packet capture (it begins with 0x41414141)'],
    [
      // pcapng
      Buffer.concat([hex('0a0d0d0a'), Buffer.alloc(40)]),
      'x.pcap is no packet capture (it begins with 0x0a0d0d0a)',
    ],
  ])('%# that is none is refused', (file, message) => {
    expect(() => readCapture(file, 0, 'x.pcap')).toThrow(message);
  });
});
