/**
 * What a command has to do with its surroundings: streams, environment, time, interruption. Passed in, so that
 * tests need no process.
 */
import { once } from 'node:events';
import { WriteStream } from 'node:tty';
import pc from 'picocolors';
import { type Clock, systemClock } from '../../controller/clock.ts';

export type Colors = ReturnType<typeof pc.createColors>;

export interface Output {
  write(text: string): void;
  /** Resolves when the stream takes more. */
  drained(): Promise<void>;
  /** It is a terminal, on which lines can be drawn anew. */
  readonly interactive: boolean;
  /** In characters. */
  readonly width: number;
  readonly colors: Colors;
}

export interface Terminal {
  readonly input: AsyncIterable<Uint8Array>;
  readonly out: Output;
  readonly err: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Aborted when the user interrupts. From the first call on, an interrupt does not end the process. */
  interrupted(): AbortSignal;
}

/** Output without colour has this width when nobody says more. */
const DEFAULT_WIDTH = 80;

/** Colour is for terminals only, and not where NO_COLOR (no-color.org) or TERM=dumb asks for none. */
export function wantsColor(isTerminal: boolean, env: Terminal['env']): boolean {
  const noColor = env['NO_COLOR'] ?? '';
  return isTerminal && noColor === '' && env['TERM'] !== 'dumb';
}

export function processTerminal(): Terminal {
  let interruption: AbortController | undefined;
  return {
    input: process.stdin,
    out: output(process.stdout),
    err: output(process.stderr),
    env: process.env,
    clock: systemClock,
    interrupted() {
      if (interruption === undefined) {
        const made = new AbortController();
        process.once('SIGINT', () => made.abort());
        interruption = made;
      }
      return interruption.signal;
    },
  };
}

function output(stream: NodeJS.WriteStream): Output {
  const isTerminal = stream instanceof WriteStream;
  return {
    write: (text) => void stream.write(text),
    drained: async () => {
      if (stream.writableNeedDrain) await once(stream, 'drain');
    },
    interactive: isTerminal && process.env['TERM'] !== 'dumb',
    width: isTerminal ? stream.columns : DEFAULT_WIDTH,
    colors: pc.createColors(wantsColor(isTerminal, process.env)),
  };
}
