/**
 * The story of an attack, told as it happens: the controller's own moments, and what honest clients have meanwhile.
 * `StoryTeller` is pure; `Story` hears and tells.
 */
import type { Cancel, Clock } from '../../controller/clock.ts';
import { attack as limits } from '../../controller/limits.ts';
import type { ApiClient } from '../api/client.ts';
import { BACK_SHARE } from '../evidence/goodput.ts';
import type { Moment } from '../events.ts';
import { HonestGoodput } from './honest-goodput.ts';

const TOLD: ReadonlySet<Moment['kind']> = new Set([
  'attack-detected',
  'attack-sources',
  'attack-over',
  'filtered',
  'flight',
  'flight-withheld',
  'name-published',
]);

/** Below this share of what it was, honest goodput is down. */
const DOWN_SHARE = 0.8;
/** Over how long it is looked at, and how much of the newest is left out, since probes write late. */
const OVER_MS = 1_000;
const LATE_MS = 400;
const BEFORE_MS = 2_000;

/** What is worth telling of goodput: that it is down, and that it is back. */
export class StoryTeller {
  #began: number | undefined;
  #usual = 0;
  #isDown = false;

  /** An attack begins; `usual` is honest goodput until now, in bits per second. */
  begin(at: number, usual: number): void {
    // While it is down, what was usual before is what it has to come back to.
    if (!this.#isDown) this.#usual = usual;
    this.#began = at;
  }

  /** A line with the time since the last attack's beginning. */
  line(at: number, text: string): string {
    if (this.#began === undefined) return text;
    return `+${Math.max(0, (at - this.#began) / 1000).toFixed(2)} s  ${text}`;
  }

  goodput(at: number, now: number): string | undefined {
    if (this.#began === undefined || this.#usual === 0) return undefined;
    const share = now / this.#usual;
    if (!this.#isDown && share < DOWN_SHARE) {
      this.#isDown = true;
      return this.line(at, `honest goodput down to ${percent(share)} of ${mbit(this.#usual)}`);
    }
    if (this.#isDown && share >= BACK_SHARE) {
      this.#isDown = false;
      return this.line(at, `honest goodput back: ${mbit(now)}`);
    }
    return undefined;
  }
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const mbit = (bits: number): string => `${(bits / 1e6).toFixed(1)} Mbit/s`;

export interface StoryOptions {
  readonly api: Pick<ApiClient, 'follow'>;
  readonly clock: Clock;
  readonly tell: (line: string) => void;
}

export class Story {
  readonly #options: StoryOptions;
  readonly #teller = new StoryTeller();
  readonly #goodput = new HonestGoodput();
  readonly #stop = new AbortController();
  #cancel: Cancel = () => undefined;

  constructor(options: StoryOptions) {
    this.#options = options;
    this.#hear();
    this.#look();
  }

  /** An honest client's probe notes what it receives there. */
  watch(probeFile: string): void {
    this.#goodput.watch(probeFile);
  }

  attackBegins(text: string): void {
    const now = this.#options.clock.now();
    this.#goodput.read();
    const until = now - LATE_MS;
    this.#teller.begin(now, this.#goodput.between(until - BEFORE_MS, until));
    this.#options.tell(this.#teller.line(now, text));
  }

  end(): void {
    this.#stop.abort();
    this.#cancel();
  }

  #hear(): void {
    const { api, tell } = this.#options;
    api
      .follow(
        ({ at, moment, message }) => {
          if (moment !== undefined && TOLD.has(moment.kind)) tell(this.#teller.line(at, message));
        },
        () => undefined,
        this.#stop.signal,
      )
      // A controller that went away is told of by others; the story goes on without it.
      .catch(() => undefined);
  }

  #look(): void {
    const { clock, tell } = this.#options;
    const now = clock.now();
    const until = now - LATE_MS;
    this.#goodput.read();
    this.#goodput.forget(now - LATE_MS - BEFORE_MS - OVER_MS);
    const line = this.#teller.goodput(now, this.#goodput.between(until - OVER_MS, until));
    if (line !== undefined) tell(line);
    this.#cancel = clock.after(limits.goodputInterval, () => this.#look());
  }
}
