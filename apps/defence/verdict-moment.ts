/**
 * What of a verdict's life is told as it happens: that it is there, what is known of its sources, and that it is over.
 */
import type { Moment } from '../events.ts';
import type { Verdict } from './verdict.ts';

/** Undefined when only figures have changed. */
export function verdictMoment(verdict: Verdict, before: Verdict | undefined): Moment | undefined {
  const { id, guest, host, kind: attack, origin, sources, why } = verdict;
  const about = { guest, host, verdict: id, attack, origin, sources: sources.length, why };
  if (before === undefined) return { kind: 'attack-detected', ...about };
  if (verdict.ended !== undefined) return { kind: 'attack-over', ...about };
  // The first ones and their kind are news; that there are some more is a figure.
  const found = before.sources.length === 0 && sources.length > 0;
  return found || before.origin !== origin ? { kind: 'attack-sources', ...about } : undefined;
}
