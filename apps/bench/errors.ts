/** What can go wrong with a benchmark, besides what it measures. */
import { ArcticTernError } from '../../controller/errors.ts';

export class MigrationNotCompletedError extends ArcticTernError {
  readonly code = 'BENCH_MIGRATION_NOT_COMPLETED';
  constructor(detail: string) {
    super(`a migration of the benchmark did not go as it should: ${detail}`);
  }
}

export class RelayBenchFailedError extends ArcticTernError {
  readonly code = 'BENCH_RELAY_FAILED';
  constructor(detail: string) {
    super(`what relaying is measured in does not do as it should: ${detail}`);
  }
}

/** Thrown for options that a benchmark was given. */
export class OptionError extends ArcticTernError {
  readonly code = 'BENCH_OPTION';
}

export class NothingListensError extends ArcticTernError {
  readonly code = 'BENCH_NOTHING_LISTENS';
  constructor(protocol: string, port: number, ms: number) {
    super(`nothing listens on ${protocol} port ${port} after ${ms / 1_000} s: did its program end?`);
  }
}

export class CodecYardstickError extends ArcticTernError {
  readonly code = 'BENCH_CODEC_YARDSTICK';
  constructor() {
    super(
      'the yardstick writes other bytes than the codec, so their rates cannot be compared; bring codec-plain.ts in line with the messages of codec.ts',
    );
  }
}

export class NotAsBeforeError extends ArcticTernError {
  readonly code = 'BENCH_NOT_AS_BEFORE';
  constructor(wrong: readonly string[], ms: number) {
    super(`after ${ms / 1_000} s the lab is not as it was before the last attack: ${wrong.join('; ')}`);
  }
}

export class TurnTooLongError extends ArcticTernError {
  readonly code = 'BENCH_TURN_TOO_LONG';
  constructor(ms: number) {
    super(`it was not over after ${ms / 1_000} s`);
  }
}
