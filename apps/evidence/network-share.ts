/**
 * What of a gap is the network's: from the guest's RESUME to the first request on the destination's TAP that the
 * guest then answers. A TAP holds what comes while the guest is stopped; a request that waits there when the guest
 * resumes, and is answered, makes it 0. One that was dropped there is never answered, and does not count; nor does
 * a copy of one that the guest had answered at the source.
 */
import type { TracePacket } from './trace.ts';

export interface NetworkShare {
  /** Null when the capture shows no request that was answered after RESUME. */
  readonly networkMs: number | null;
  /** From RESUME to the guest's first packet of the connection: what the guest itself took is in it. */
  readonly firstAnswerMs: number | null;
  /** Requests that waited at the destination's TAP when the guest resumed, and had no answer yet. */
  readonly waiting: number;
}

/** `source` and `destination` are what their TAPs saw of the connection; times are in one measure. */
export function networkShare(
  source: readonly TracePacket[],
  destination: readonly TracePacket[],
  resumedAt: number,
): NetworkShare {
  const isAnsweredBefore = answeredBy(source.filter(({ toGuest, ms }) => !toGuest && ms <= resumedAt));
  const answers = destination.filter(({ toGuest, ms }) => !toGuest && ms >= resumedAt);
  const isAnswered = answeredBy(answers);
  const requests = destination.filter(
    (one) => one.toGuest && one.n !== null && one.length > 0 && !isAnsweredBefore(one),
  );
  const answered = requests.find(isAnswered);
  return {
    networkMs: answered === undefined ? null : Math.max(0, answered.ms - resumedAt),
    firstAnswerMs: answers.length === 0 ? null : answers[0]!.ms - resumedAt,
    waiting: requests.filter(({ ms }) => ms < resumedAt).length,
  };
}

/** TCP answers with an acknowledgement of all of the request's bytes, others with its number. */
export function answeredBy(answers: readonly TracePacket[]): (request: TracePacket) => boolean {
  const numbers = new Map<number, number>();
  let acked = -1;
  for (const answer of answers) {
    if (answer.acked !== null) acked = Math.max(acked, answer.acked);
    else if (answer.n !== null) numbers.set(answer.n, answer.ms);
  }
  return (request) =>
    request.acked === null
      ? (numbers.get(request.n!) ?? -Infinity) >= request.ms
      : acked >= request.n! + request.length;
}
