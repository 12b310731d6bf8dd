/**
 * What can be wrong with a run's folder.
 */
import { ArcticTernError } from '../../controller/errors.ts';

export class NotACaptureError extends ArcticTernError {
  readonly code = 'EVIDENCE_NOT_A_CAPTURE';
  constructor(name: string, why: string) {
    super(`${name} is no packet capture (${why}): expected a pcap file as tcpdump writes it`);
  }
}

export class NotARunError extends ArcticTernError {
  readonly code = 'EVIDENCE_NOT_A_RUN';
  constructor(path: string, missing: string) {
    super(
      `${path} is not the folder of a run: it has no ${missing}; name one that \`arctictern lab run\` left behind`,
    );
  }
}

export class IncompleteRunError extends ArcticTernError {
  readonly code = 'EVIDENCE_INCOMPLETE_RUN';
  constructor(path: string) {
    super(
      `${path} holds a run that did not come to its end: it has captures but no summary.json, so there is nothing to report; run it again`,
    );
  }
}

export class DamagedRunError extends ArcticTernError {
  readonly code = 'EVIDENCE_DAMAGED_RUN';
  constructor(file: string, why: string, options?: ErrorOptions) {
    super(`${file} is damaged (${why}): the report needs it whole; run the experiment again`, options);
  }
}
