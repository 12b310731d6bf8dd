/** What can be wrong with a topology file, and where in it. */
import { ArcticTernError } from '../controller/errors.ts';

export type TopologyErrorCode =
  | 'TOPOLOGY_UNREADABLE' // the file cannot be read
  | 'TOPOLOGY_SYNTAX' // it is not YAML
  | 'TOPOLOGY_FIELD' // a field has a value of the wrong kind, or is missing
  | 'TOPOLOGY_UNKNOWN_FIELD' // a field that no topology has
  | 'TOPOLOGY_REFERENCE' // a name that nothing in the file has
  | 'TOPOLOGY_DUPLICATE' // a name or an address that is taken
  | 'TOPOLOGY_OVERLAP' // two subnets share addresses
  | 'TOPOLOGY_OUTSIDE' // an address that is not in the subnet it should be in
  | 'TOPOLOGY_CAPACITY'; // more guests or memory than a host has

/** Thrown by `parseTopology` and `readTopology`. The message is one sentence: file, line, what was expected. */
export class TopologyError extends ArcticTernError {
  readonly code: TopologyErrorCode;
  readonly file: string;
  /** 1 is the first; undefined when the file as a whole is meant. */
  readonly line: number | undefined;

  constructor(code: TopologyErrorCode, file: string, line: number | undefined, sentence: string) {
    super(`${file}${line === undefined ? '' : `:${line}`}: ${sentence}`);
    this.code = code;
    this.file = file;
    this.line = line;
  }
}
