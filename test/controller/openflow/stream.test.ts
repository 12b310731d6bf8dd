import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode, MessageSplitter, OpenFlowBadLengthError } from '../../../controller/openflow/index.ts';

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('MessageSplitter', () => {
  it('gives the same messages however the stream is cut', () => {
    const lengths = fc.array(fc.oneof(fc.constantFrom(0, 1, 65_527), fc.nat(200)), { maxLength: 8 });
    fc.assert(
      fc.property(lengths, fc.array(fc.nat(400), { minLength: 1, maxLength: 400 }), (sizes, cuts) => {
        const messages = sizes.map((size, xid) =>
          encode({ type: 'echo_request', data: new Uint8Array(size).fill(xid) }, xid),
        );
        const stream = Buffer.concat(messages);
        const splitter = new MessageSplitter();
        const got: string[] = [];
        let at = 0;
        for (let i = 0; at < stream.length; i++) {
          // Cuts of every size, none of them zero for good.
          const size = Math.max(1, cuts[i % cuts.length]!);
          const chunk = stream.subarray(at, at + size);
          // Both ways of being told are the same one.
          if (i % 2 === 0) splitter.push(chunk, (message) => got.push(hexOf(message)));
          else splitter.scan(chunk, (bytes, start, end) => got.push(hexOf(bytes.subarray(start, end))));
          at += size;
        }
        expect(got).toEqual(messages.map(hexOf));
        expect(splitter.pendingBytes).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it('does not copy what lies within a chunk', () => {
    const chunk = Uint8Array.from([
      ...encode({ type: 'barrier_request' }, 1),
      ...encode({ type: 'barrier_reply' }, 2),
    ]);
    const buffers: unknown[] = [];
    new MessageSplitter().push(chunk, (message) => buffers.push(message.buffer));
    expect(buffers).toEqual([chunk.buffer, chunk.buffer]);
  });

  it('holds no more than the header has announced', () => {
    const splitter = new MessageSplitter();
    splitter.push(Uint8Array.of(6, 2, 0xff, 0xff, 0, 0, 0, 0, 1), () => expect.unreachable());
    expect(splitter.pendingBytes).toBe(9);
  });

  it.each([
    ['whole', [Uint8Array.of(6, 2, 0, 7, 0, 0, 0, 0)]],
    ['byte by byte', [6, 2, 0, 7, 0, 0, 0, 0].map((byte) => Uint8Array.of(byte))],
  ])('breaks for good at a header that announces less than itself, %s', (_how, chunks) => {
    const splitter = new MessageSplitter();
    const got: string[] = [];
    const deliver = (message: Uint8Array) => got.push(hexOf(message));
    splitter.push(encode({ type: 'barrier_request' }, 1), deliver);
    expect(() => {
      for (const chunk of chunks) splitter.push(chunk, deliver);
    }).toThrow(OpenFlowBadLengthError);
    expect(() => splitter.push(encode({ type: 'barrier_request' }, 2), deliver)).toThrow(
      OpenFlowBadLengthError,
    );
    expect(got).toHaveLength(1);
  });
});
