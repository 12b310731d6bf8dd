import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventSplitter } from '../../../apps/api/event-splitter.ts';

function split(...chunks: (string | Uint8Array)[]): string[] {
  const splitter = new EventSplitter();
  const events: string[] = [];
  for (const chunk of chunks) {
    splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk, (data) => events.push(data));
  }
  return events;
}

describe('server-sent events', () => {
  it.each([
    ['data: a\n\ndata: b\n\n', ['a', 'b']],
    ['data:a\n\n', ['a']],
    ['data:  a\n\n', [' a']],
    ['data: a\ndata: b\n\n', ['a\nb']],
    ['data\n\n', ['']],
    [': comment\n\n:\n\ndata: a\n\n', ['a']],
    // Fields of the stream's format that carry no data; `retry` is a client's time to reconnect (HTML, 9.2.6), nothing of the test’s own.
    ['event: x\nid: 7\nretry: 1\ndata: a\nother: y\n\n', ['a']],
    ['database: a\n\n', []],
    ['data: a\r\n\r\ndata: b\r\r', ['a', 'b']],
    ['data: not ended\n', []],
  ])('%j are %j', (text, events) => {
    expect(split(text)).toEqual(events);
  });

  it('may be cut anywhere', () => {
    const text = Buffer.from('data: ä€𝄞\r\n\r\n: x\n\ndata: b\ndata: c\n\ndata: d\r\r');
    const whole = ['ä€𝄞', 'b\nc', 'd'];
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
        const ends = [...cuts.sort((a, b) => a - b), text.length];
        const chunks = ends.map((end, i) => text.subarray(ends[i - 1] ?? 0, end));
        expect(split(...chunks)).toEqual(whole);
      }),
    );
  });
});
