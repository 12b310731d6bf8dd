/**
 * What all probes share: options, a file of raw observations, the end by signal or by time, the summary.
 *
 *     node dist/topologies/probes/tcp-echo.js --target 10.1.0.100 --name echo-1 --out echo-1.jsonl
 *
 * Raw observations go to the file as JSON, one a line; the summary is the only thing on standard output.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock } from '../../controller/clock.ts';
import { goFirst } from '../lab/go-first.ts';
import { resolve } from './resolve.ts';
import type { ProbeSummary } from './summary.ts';

export interface ProbeOptions {
  readonly name: string;
  /** Who the summary says the client is. */
  readonly client: string | undefined;
  /** The address, or name, as it was given. */
  readonly asked: string;
  /** An address: what a name that was given resolves to. */
  readonly target: string;
  readonly port: number | undefined;
  /** Between two messages. */
  readonly intervalMs: number | undefined;
  /** Bytes of a message, if not the usual ones. */
  readonly size: number | undefined;
  /** Bytes per second that a download is asked to come at. */
  readonly rate: number | undefined;
  /** Of a connection that the guest opens. */
  readonly protocol: 'tcp' | 'udp' | 'icmp' | undefined;
  /** Which of the guest's addresses such a connection comes from. */
  readonly source: string | undefined;
  /** Where such a connection goes to instead of here. */
  readonly to: string | undefined;
  /** The client's addresses that it uses in turn; empty: the one that the system chooses. */
  readonly sources: readonly string[];
  readonly durationMs: number;
  readonly out: string | undefined;
}

const DEFAULT_DURATION_MS = 600_000;

export async function readOptions(protocol: string): Promise<ProbeOptions> {
  const { values } = parseArgs({
    options: {
      name: { type: 'string', default: protocol },
      client: { type: 'string' },
      target: { type: 'string' },
      family: { type: 'string' },
      port: { type: 'string' },
      'interval-ms': { type: 'string' },
      size: { type: 'string' },
      rate: { type: 'string' },
      protocol: { type: 'string' },
      source: { type: 'string' },
      to: { type: 'string' },
      sources: { type: 'string' },
      'duration-ms': { type: 'string', default: `${DEFAULT_DURATION_MS}` },
      out: { type: 'string' },
    },
  });
  if (values.target === undefined)
    throw new Error('--target is missing: expected the address or the name to probe');
  // A stamp that is late because the machine is busy would look like the network's delay.
  goFirst(process.pid);
  const number = (text: string | undefined, name: string): number | undefined => {
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!(value > 0)) throw new Error(`${name} is ${text}: expected a positive number`);
    return value;
  };
  const { protocol: of } = values;
  if (of !== undefined && of !== 'tcp' && of !== 'udp' && of !== 'icmp') {
    throw new Error(`--protocol is ${of}: expected tcp, udp or icmp`);
  }
  const family = number(values.family, '--family');
  if (family !== undefined && family !== 4 && family !== 6) {
    throw new Error(`--family is ${family}: expected 4 or 6`);
  }
  return {
    name: values.name,
    client: values.client,
    asked: values.target,
    target: await resolve(values.target, family),
    port: number(values.port, '--port'),
    intervalMs: number(values['interval-ms'], '--interval-ms'),
    size: number(values.size, '--size'),
    rate: number(values.rate, '--rate'),
    protocol: of,
    source: values.source,
    to: values.to,
    sources: values.sources?.split(',') ?? [],
    durationMs: number(values['duration-ms'], '--duration-ms') ?? DEFAULT_DURATION_MS,
    out: values.out,
  };
}

/** Collects lines and writes them a few times a second, so that a probe at 500 messages/s costs few writes. */
export class Recorder {
  readonly #file: number | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #lines: string[] = [];

  constructor(path: string | undefined) {
    if (path === undefined) return;
    this.#file = openSync(path, 'w');
    this.#timer = setInterval(() => this.#flush(), 250);
  }

  write(observation: object): void {
    if (this.#file !== undefined) this.#lines.push(JSON.stringify(observation));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#flush();
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #flush(): void {
    if (this.#file === undefined || this.#lines.length === 0) return;
    writeSync(this.#file, `${this.#lines.join('\n')}\n`);
    this.#lines = [];
  }
}

/** Heard from the start on: a probe that is stopped while it opens its connection has something to say, too. */
const signalled = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
});

/** Settles at SIGTERM, at SIGINT, or when the probe's time is over. */
export async function untilStopped(durationMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([signalled, new Promise<void>((resolve) => (timer = setTimeout(resolve, durationMs)))]);
  clearTimeout(timer);
}

/** Calls `send` every `intervalMs`, also when the timer is late: what is due is caught up with at once. */
export function pace(intervalMs: number, send: (now: number) => void): () => void {
  const began = systemClock.now();
  let due = 0;
  const tick = (): void => {
    const now = systemClock.now();
    while (due * intervalMs <= now - began) {
      due++;
      send(now);
    }
  };
  tick();
  const timer = setInterval(tick, Math.max(1, Math.floor(intervalMs)));
  return () => clearInterval(timer);
}

export function printSummary(summary: ProbeSummary): void {
  process.stdout.write(`${JSON.stringify(summary)}\n`);
}

/** Waits for what is still on its way, at most `limitMs`. */
export async function drain(isDone: () => boolean, limitMs: number): Promise<void> {
  const until = systemClock.now() + limitMs;
  while (!isDone() && systemClock.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
}
