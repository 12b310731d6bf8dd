/** Verdicts and what tells of them, for tests of what is done about attacks. */
import type { AttackSource, Verdict, VerdictFeed, Verdicts } from '../../../apps/defence/verdict.ts';

export class Feed implements VerdictFeed {
  verdicts: Verdicts = new Map();
  readonly #followers = new Set<Parameters<VerdictFeed['follow']>[0]>();

  follow(follower: Parameters<VerdictFeed['follow']>[0]): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** These are the verdicts from now on. */
  say(...verdicts: readonly Verdict[]): void {
    const before = this.verdicts;
    this.verdicts = new Map(verdicts.map((verdict) => [verdict.id, verdict]));
    for (const follower of this.#followers) follower(this.verdicts, before);
  }
}

export const source = (prefix: string, confidence = 1): AttackSource => ({
  prefix,
  rate: 1_000,
  confidence,
  proven: true,
});

export const verdict = (more: Partial<Verdict> = {}): Verdict => ({
  id: 'web syn-flood 1',
  guest: 'web',
  host: 'home-1',
  kind: 'syn-flood',
  since: 1,
  decided: 2,
  updated: 3,
  why: 'too much',
  unit: 'packets/s',
  rate: 9_000,
  baseline: 10,
  threshold: 100,
  peak: 9_000,
  origin: 'real',
  sources: [],
  distinctSources: 0,
  ...more,
});
