/**
 * A terminal that keeps what is written to it, and a command line that runs against a server of the API.
 */
import type { Server } from 'node:http';
import pc from 'picocolors';
import { run } from '../../../apps/cli/run.ts';
import { type Output, type Terminal, wantsColor } from '../../../apps/cli/terminal.ts';
import { type Clock, systemClock } from '../../../controller/clock.ts';
import { portOf } from '../api/ask.ts';

export interface FakeOptions {
  readonly input?: readonly (string | Uint8Array)[];
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Standard output is a terminal. */
  readonly interactive?: boolean;
  readonly onWrite?: (written: string) => void;
}

export class FakeTerminal implements Terminal {
  readonly out: Output & { text: string };
  readonly err: Output & { text: string };
  readonly env: Terminal['env'];
  readonly clock: Clock;
  readonly input: AsyncIterable<Uint8Array>;
  readonly interruption = new AbortController();

  constructor({ input = [], env = {}, clock = systemClock, interactive = false, onWrite }: FakeOptions = {}) {
    this.env = env;
    this.clock = clock;
    this.input = chunks(input);
    this.out = output(interactive, env, onWrite);
    this.err = output(false, env);
  }

  interrupted(): AbortSignal {
    return this.interruption.signal;
  }
}

function output(interactive: boolean, env: Terminal['env'], onWrite?: (written: string) => void) {
  return {
    text: '',
    write(text: string) {
      this.text += text;
      onWrite?.(this.text);
    },
    drained: () => Promise.resolve(),
    interactive,
    width: 100,
    colors: pc.createColors(wantsColor(interactive, env)),
  };
}

async function* chunks(input: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of input) {
    await Promise.resolve();
    yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  }
}

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function runIn(terminal: FakeTerminal, ...args: readonly string[]): Promise<Result> {
  const code = await run(args, terminal);
  return { code, out: terminal.out.text, err: terminal.err.text };
}

/** Runs a client of the API against this server. */
export async function runAt(
  server: Server,
  options: FakeOptions,
  ...args: readonly string[]
): Promise<Result> {
  const env = { ARCTICTERN_API: `http://127.0.0.1:${portOf(server)}`, ...options.env };
  return runIn(new FakeTerminal({ ...options, env }), ...args);
}
