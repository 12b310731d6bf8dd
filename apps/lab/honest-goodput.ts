/**
 * Honest goodput while a run goes on: what the probes have noted so far, read as they write it. A probe writes a few
 * times a second, so what is told is that much behind.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { goodput, type Receipt, receiptOf } from '../evidence/goodput.ts';

const CHUNK = 65_536;

export class HonestGoodput {
  readonly #files = new Map<string, { at: number; rest: string }>();
  #receipts: Receipt[] = [];

  /** A probe's file, whether it is there already or not. */
  watch(file: string): void {
    this.#files.set(file, { at: 0, rest: '' });
  }

  /** Takes in what is new. */
  read(): void {
    for (const [file, state] of this.#files) {
      const { text, at } = textFrom(file, state.at);
      const lines = (state.rest + text).split('\n');
      state.at = at;
      state.rest = lines.pop() ?? '';
      this.#receipts.push(...lines.flatMap((line) => receiptOf(line, 0) ?? []));
    }
    this.#receipts.sort((a, b) => a.ms - b.ms);
  }

  /** Bits per second between two clock times. */
  between(from: number, to: number): number {
    return goodput(this.#receipts, from, to) ?? 0;
  }

  /** What was before is not asked for any more. */
  forget(before: number): void {
    this.#receipts = this.#receipts.filter(({ ms }) => ms >= before);
  }
}

function textFrom(file: string, from: number): { text: string; at: number } {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return { text: '', at: from }; // not begun yet
  }
  try {
    const parts: Buffer[] = [];
    let at = from;
    for (const { size } = fstatSync(descriptor); at < size;) {
      const part = Buffer.alloc(Math.min(CHUNK, size - at));
      const count = readSync(descriptor, part, 0, part.length, at);
      if (count === 0) break;
      parts.push(part.subarray(0, count));
      at += count;
    }
    return { text: Buffer.concat(parts).toString('latin1'), at };
  } finally {
    closeSync(descriptor);
  }
}
