/**
 * What is usual: an exponentially weighted moving average over a minute or so. Until it has run for its warm-up it is
 * the plain average of what there was, so that it does not begin at nothing.
 */
import { defence as limits } from '../../controller/limits.ts';

export interface Baseline {
  readonly value: number;
  /** Milliseconds that went into it. */
  readonly measured: number;
}

export const noBaseline: Baseline = { value: 0, measured: 0 };

/** `rate` was there for `ms`. */
export function learned({ value, measured }: Baseline, rate: number, ms: number): Baseline {
  if (ms <= 0) return { value, measured };
  const memory = Math.min(measured + ms, limits.baselineMemory);
  return { value: value + (rate - value) * Math.min(1, ms / memory), measured: measured + ms };
}

export const isWarm = ({ measured }: Baseline): boolean => measured >= limits.warmUp;
