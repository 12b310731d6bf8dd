/**
 * Bytes from OVS itself: each recorded message is parsed, generated, sent through JSON and cut apart on the way,
 * and flow-mods are printed as OVS prints them.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  decode,
  encode,
  encodeInto,
  formatFlowMod,
  fromJson,
  MessageSplitter,
  toJson,
  Writer,
} from '../../../controller/openflow/index.ts';
import type { Fixture } from './fixture.ts';

const fixtures = JSON.parse(
  readFileSync(new URL('fixtures/ovs-ofctl.json', import.meta.url), 'utf8'),
) as Fixture[];
const messages = fixtures.flatMap(({ command, messages: list }) =>
  list.map((message) => ({ command, ...message })),
);
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** A writer whose memory is full of 0xa5, so that a byte that is not written shows. */
function dirtyWriter(): Writer {
  const writer = new Writer(4096);
  writer.bytes.fill(0xa5);
  return writer;
}

describe.each(messages)('$command', ({ hex, json, printed }) => {
  it('is parsed into the object', () => {
    expect(toJson(decode(bytesOf(hex)))).toEqual(json);
  });

  it('is generated from the object', () => {
    const writer = dirtyWriter();
    encodeInto(writer, fromJson(json));
    expect(hexOf(writer.written())).toBe(hex);
  });

  it('survives decoding and encoding', () => {
    expect(hexOf(encode(decode(bytesOf(hex))))).toBe(hex);
  });

  it('survives being cut at every byte', () => {
    const bytes = bytesOf(hex);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const splitter = new MessageSplitter();
      const got: string[] = [];
      splitter.push(bytes.subarray(0, cut), (message) => got.push(hexOf(message)));
      splitter.push(bytes.subarray(cut), (message) => got.push(hexOf(message)));
      expect(got).toEqual([hex]);
    }
  });

  it('holds nothing undecoded', () => {
    expect(JSON.stringify(json)).not.toMatch(/"(raw|others)"|"multipart_re/);
  });

  it('is printed as OVS prints it', () => {
    const message = decode(bytesOf(hex));
    if (message.type === 'flow_mod') expect(formatFlowMod(message)).toBe(printed);
    else expect(printed).not.toMatch(/decode error/);
  });
});
