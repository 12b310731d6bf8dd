/**
 * What can be wrong with bytes, values, text or JSON that claim to be OpenFlow. Every error says what was
 * being read or written (`what`, e.g. `flow_mod.match`) and where (`offset`, in bytes from the start of the
 * message, or of the stream's pending bytes for framing errors; -1 where there is no position).
 */
import { ArcticTernError } from '../errors.ts';

export abstract class OpenFlowError extends ArcticTernError {
  readonly what: string;
  readonly offset: number;

  constructor(what: string, offset: number, problem: string) {
    super(offset < 0 ? `${what}: ${problem}` : `${what} at byte ${offset}: ${problem}`);
    this.what = what;
    this.offset = offset;
  }
}

/** The bytes end before the structure they promise. */
export class OpenFlowTruncatedError extends OpenFlowError {
  readonly code = 'OPENFLOW_TRUNCATED';
}

/** A length field that cannot be true: too small for its structure, or larger than what encloses it. */
export class OpenFlowBadLengthError extends OpenFlowError {
  readonly code = 'OPENFLOW_BAD_LENGTH';
}

/** A header with a version other than OpenFlow 1.5 where only 1.5 is spoken. */
export class OpenFlowBadVersionError extends OpenFlowError {
  readonly code = 'OPENFLOW_BAD_VERSION';
}

/** A value that its field cannot carry: out of range, not an address, a mask where none is allowed. */
export class OpenFlowBadValueError extends OpenFlowError {
  readonly code = 'OPENFLOW_BAD_VALUE';
}

/** A message that cannot be made by setting numbers in the bytes of another; `what` is the number. */
export class OpenFlowTemplateError extends OpenFlowError {
  readonly code = 'OPENFLOW_TEMPLATE';
}

/** A view of a message that was asked something after it had been closed. */
export class OpenFlowViewClosedError extends OpenFlowError {
  readonly code = 'OPENFLOW_VIEW_CLOSED';

  constructor(what: string) {
    super(what, -1, 'the view is closed; take what is to outlive it with toMessage() while it is open');
  }
}

/** JSON that is not the JSON form of a message; `what` is the place in it, like `$.match[2].value`. */
export class OpenFlowBadJsonError extends OpenFlowError {
  readonly code = 'OPENFLOW_BAD_JSON';

  constructor(place: string, problem: string) {
    super(place, -1, problem);
  }
}
