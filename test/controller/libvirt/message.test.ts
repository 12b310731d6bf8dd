import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LibvirtProtocolError } from '../../../controller/libvirt/errors.ts';
import { encodeMessage, MessageSplitter } from '../../../controller/libvirt/message.ts';
import type { MessageHeader } from '../../../controller/libvirt/message.ts';
import { XdrWriter } from '../../../controller/libvirt/xdr.ts';
import { recordedCalls, recordedPing } from './recorded.ts';

function split(chunks: Iterable<Buffer>): { header: MessageHeader; payload: string }[] {
  const splitter = new MessageSplitter();
  const messages = [];
  for (const chunk of chunks) {
    for (const { header, payload } of splitter.push(chunk)) {
      messages.push({ header, payload: Buffer.from(payload).toString('hex') });
    }
  }
  expect(splitter.midMessage).toBe(false);
  return messages;
}

describe('a message', () => {
  it('has its header in the six words after its length', () => {
    const [message] = split([Buffer.from(recordedCalls.domainSuspend.reply, 'hex')]);
    expect(message).toEqual({
      header: {
        program: 0x2000_8086,
        version: 1,
        procedure: 34,
        type: 1,
        serial: message!.header.serial,
        status: 0,
      },
      payload: '',
    });
  });

  it('is written as it was read', () => {
    const hex = recordedCalls.domainSuspend.call;
    const [message] = split([Buffer.from(hex, 'hex')]);
    const bytes = encodeMessage(new XdrWriter(), message!.header, (writer) =>
      writer.fixedOpaque(Buffer.from(message!.payload, 'hex')),
    );
    expect(bytes.toString('hex')).toBe(hex);
  });
});

describe('a stream of messages', () => {
  const stream = Buffer.from(
    [...Object.values(recordedCalls).map((recorded) => recorded.reply), recordedPing].join(''),
    'hex',
  );

  it('is the same however it is cut', () => {
    const whole = split([stream]);
    expect(whole).toHaveLength(Object.keys(recordedCalls).length + 1);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 40 }), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const chunks = edges.slice(1).map((edge, i) => stream.subarray(edges[i], edge));
        expect(split(chunks)).toEqual(whole);
      }),
    );
  });

  it('is the same byte by byte', () => {
    expect(split(Array.from(stream, (byte) => Buffer.of(byte)))).toEqual(split([stream]));
  });

  it('is refused at a length shorter than a header', () => {
    for (const length of [0, 4, 27]) {
      const lie = Buffer.alloc(28);
      lie.writeUInt32BE(length);
      expect(() => split([lie])).toThrow(LibvirtProtocolError);
    }
  });

  it('is refused at a length beyond the maximum, as soon as its four bytes are there', () => {
    for (const length of [33_554_437, 0x7fff_ffff, 0xffff_ffff]) {
      const lie = Buffer.alloc(4);
      lie.writeUInt32BE(length);
      expect(() => split([lie])).toThrow(`announces ${length} bytes`);
    }
  });

  it('waits for the rest of a message of the greatest length, holding only what came', () => {
    const head = Buffer.alloc(28);
    head.writeUInt32BE(33_554_436);
    const splitter = new MessageSplitter();
    expect([...splitter.push(head)]).toEqual([]);
    expect(splitter.midMessage).toBe(true);
  });

  it('gives messages or a named error for any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 16 }), (chunks) => {
        const splitter = new MessageSplitter();
        try {
          for (const chunk of chunks)
            for (const message of splitter.push(Buffer.from(chunk))) expect(message).toBeDefined();
        } catch (error) {
          expect(error).toBeInstanceOf(LibvirtProtocolError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
