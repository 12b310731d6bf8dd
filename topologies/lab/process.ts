/**
 * A command that runs in a node of a lab.
 *
 * Our child is `nsenter`, which waits for the command and ends as the command ends; signals must go to the
 * command itself, which is `nsenter`'s only child.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessOptions {
  /** Where its output goes: to this object (`pipe`), or to that of this process (`inherit`). */
  readonly output?: 'pipe' | 'inherit';
  /** Where its input comes from; without it, it has none. */
  readonly input?: 'pipe' | 'inherit';
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class LabProcess {
  /** How it ended; never rejects. A command that could not be started ends with code 127. */
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;
  #pending: NodeJS.Signals | undefined;

  /** `argv` is as `Lab.enter` gives it. */
  constructor(argv: readonly string[], options: ProcessOptions) {
    const [file = '', ...rest] = argv;
    const output = options.output ?? 'pipe';
    this.#child = spawn(file, rest, {
      stdio: [options.input ?? 'ignore', output, output],
      // An interactive command shares the terminal's foreground group; any other must not get its Ctrl-C.
      detached: options.input !== 'inherit',
    });
    this.exit = new Promise((resolve) => {
      this.#child.once('error', () => resolve({ code: 127, signal: null }));
      // At `close` the output has been read to its end as well.
      this.#child.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  /** The lines of its output, without their ends. To be read once, and without pause, or the command waits. */
  lines(): AsyncIterable<string> {
    return createInterface({ input: this.#child.stdout!, crlfDelay: Infinity });
  }

  /** All of its output; instead of `lines`. */
  text(): Promise<string> {
    return whole(this.#child.stdout);
  }

  /** All that it writes to its standard error. */
  errors(): Promise<string> {
    return whole(this.#child.stderr);
  }

  /** Resolves when it has written a line to its standard error that matches; instead of `errors`. */
  firstErrorLine(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      createInterface({ input: this.#child.stderr! }).on('line', (line) => {
        if (pattern.test(line)) resolve();
      });
    });
  }

  /** The lines of its standard error, as `lines` has those of its output; instead of `errors`. */
  errorLines(): AsyncIterable<string> {
    return createInterface({ input: this.#child.stderr!, crlfDelay: Infinity });
  }

  /** Writes to its input, which must be a pipe. */
  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Its process id in this machine, as soon as it has one; undefined when it has ended. */
  async pid(): Promise<number | undefined> {
    while (this.#child.exitCode === null && this.#child.signalCode === null) {
      const pid = onlyChild(this.#child.pid);
      if (pid !== undefined) return pid;
      await sleep(1);
    }
    return undefined;
  }

  /** Sends it a signal, now or as soon as it runs. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (this.#pending !== undefined) return;
    this.#pending = signal;
    void this.pid().then((pid) => {
      this.#pending = undefined;
      if (pid === undefined) return;
      try {
        process.kill(pid, signal);
      } catch {
        // It has just ended by itself.
      }
    });
  }

  /** SIGTERM, and SIGKILL if it is still there after `graceMs`. */
  async stop(graceMs = 2_000): Promise<Exit> {
    this.kill('SIGTERM');
    const timer = setTimeout(() => this.kill('SIGKILL'), graceMs);
    try {
      return await this.exit;
    } finally {
      clearTimeout(timer);
    }
  }
}

function onlyChild(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? undefined : Number(text.split(' ')[0]);
  } catch {
    return undefined;
  }
}

async function whole(stream: NodeJS.ReadableStream | null): Promise<string> {
  if (!stream) return '';
  stream.setEncoding('utf8');
  let text = '';
  for await (const chunk of stream) text += chunk as string;
  return text;
}
