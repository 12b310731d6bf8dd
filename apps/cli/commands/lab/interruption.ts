/**
 * SIGINT and SIGTERM, so that what was begun is taken down in order.
 */
import { RunInterruptedError } from '../../../lab/errors.ts';
import type { LabSession } from '../../../lab/session.ts';

export interface Interruption {
  readonly signal: AbortSignal;
  readonly happened: Promise<void>;
  /** As a signal would. */
  readonly interrupt: () => void;
  /** Signals end the process again, as by default. */
  readonly end: () => void;
}

/** Turns SIGINT and SIGTERM into an abort, so that what was begun is taken down in order. */
export function interruption(): Interruption {
  const controller = new AbortController();
  const happened = new Promise<void>((done) => controller.signal.addEventListener('abort', () => done()));
  const interrupt = (): void => controller.abort(new RunInterruptedError());
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return {
    signal: controller.signal,
    happened,
    interrupt,
    end: () => {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    },
  };
}

/** A lab that comes up after the interruption is taken down again. */
export async function interruptible(signal: AbortSignal, coming: Promise<LabSession>): Promise<LabSession> {
  const session = await coming;
  if (signal.aborted) {
    await session.down();
    throw signal.reason;
  }
  return session;
}
