/** What a probe says at its end, and how it is made from what happened to each message. */

export interface ProbeSummary {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp' | 'icmp' | 'http';
  /** The client's address, or the name it was given. */
  readonly client: string;
  readonly target: string;
  /** TCP, UDP: the client's own port; ICMP: its identifier. By it the connection is found in captures; 0: it is many. */
  readonly clientPort?: number | null;
  /** What `sent`, `received`, `lost`, `duplicated` and `reordered` count. */
  readonly unit: 'messages' | 'packets' | 'bytes';
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  /** UDP: what came to the client and found its socket's buffer full, so that it counts as lost. */
  readonly overrun?: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** TCP: the connection was open at the end and owed nothing. Others: the last second had answers. */
  readonly survived: boolean;
  /** The longest silence, in milliseconds: between two arrivals, or from the last one to the end of sending. */
  readonly gapMs: number;
  /** When that silence began: milliseconds since the Unix epoch; null without any arrival. */
  readonly gapFrom: number | null;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** The median round trip, where the probe knows it. */
  readonly rttMs: number | null;
  /** Why the connection ended, if it did so by itself. */
  readonly error: string | null;
}

/** One message's way there and back. Times are in milliseconds since the Unix epoch. */
export interface Observation {
  readonly n: number;
  readonly sent: number;
  /** null: not seen again. */
  readonly received: number | null;
}

/** The longest silence so far, one arrival after the other. */
export class Silence {
  #last: number | undefined;
  #gapMs = 0;
  #from: number | null = null;

  arrival(at: number): void {
    this.#compare(at);
    this.#last = at;
  }

  /** Nothing more can arrive. Without any arrival, it was silent from `startedAt` on. */
  end(at: number, startedAt: number): { readonly gapMs: number; readonly gapFrom: number | null } {
    this.#last ??= startedAt;
    this.#compare(at);
    return { gapMs: round(this.#gapMs), gapFrom: this.#from };
  }

  #compare(at: number): void {
    if (this.#last === undefined || at - this.#last <= this.#gapMs) return;
    this.#gapMs = at - this.#last;
    this.#from = this.#last;
  }
}

export type Count = Pick<
  ProbeSummary,
  'sent' | 'received' | 'lost' | 'duplicated' | 'reordered' | 'gapMs' | 'gapFrom' | 'rttMs'
>;

/**
 * Counts numbered messages, and remembers of each when it was sent and when it first came back.
 * Numbers are given out from 0 without holes.
 */
export class Tally {
  readonly #sent: number[] = [];
  readonly #received: (number | undefined)[] = [];
  readonly #rtts: number[] = [];
  readonly #silence = new Silence();
  #answered = 0;
  #duplicated = 0;
  #reordered = 0;
  #highest = -1;

  /** The number of the message that is sent now. */
  send(now: number): number {
    return this.#sent.push(now) - 1;
  }

  /** A message came back; false for a number that was never sent. */
  receive(n: number, now: number): boolean {
    const sent = this.#sent[n];
    if (sent === undefined) return false;
    this.#silence.arrival(now);
    if (this.#received[n] !== undefined) {
      this.#duplicated++;
      return true;
    }
    this.#received[n] = now;
    this.#answered++;
    this.#rtts.push(now - sent);
    if (n < this.#highest) this.#reordered++;
    else this.#highest = n;
    return true;
  }

  get outstanding(): number {
    return this.#sent.length - this.#answered;
  }

  /** True when a message that was sent at or after `time` came back. */
  answeredSince(time: number): boolean {
    for (let n = this.#sent.length - 1; n >= 0 && this.#sent[n]! >= time; n--) {
      if (this.#received[n] !== undefined) return true;
    }
    return false;
  }

  observation(n: number): Observation {
    return { n, sent: this.#sent[n]!, received: this.#received[n] ?? null };
  }

  /** The messages that have not come back. */
  *missing(): Generator<Observation> {
    for (const n of this.#sent.keys()) if (this.#received[n] === undefined) yield this.observation(n);
  }

  count(): Count {
    return {
      sent: this.#sent.length,
      received: this.#answered,
      lost: this.outstanding,
      duplicated: this.#duplicated,
      reordered: this.#reordered,
      ...this.#silence.end(this.#sent.at(-1) ?? 0, this.#sent[0] ?? 0),
      rttMs: median(this.#rtts),
    };
  }
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return round(sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2);
}

/** To microseconds. */
export const round = (ms: number): number => Math.round(ms * 1000) / 1000;
