/**
 * What a check finds, and how the usual findings are put into a sentence.
 */
import {
  addressAt,
  contains,
  formatAddress,
  formatPrefix,
  isReserved,
  parseAddress,
  type Prefix,
} from '../../controller/network/address.ts';
import type { TopologyErrorCode } from '../errors.ts';
import { pathText } from '../path-text.ts';

export interface Problem {
  readonly code: TopologyErrorCode;
  /** The field that is wrong. */
  readonly path: readonly PropertyKey[];
  readonly sentence: string;
}

export function* outside(
  path: readonly PropertyKey[],
  text: string,
  prefixes: readonly Prefix[],
  site?: string,
): Generator<Problem> {
  const address = parseAddress(text)!;
  const inside = prefixes.find((prefix) => contains(prefix, address));
  const whose = site === undefined ? '' : ` (site ${site})`;
  if (!inside) {
    yield {
      code: 'TOPOLOGY_OUTSIDE',
      path,
      sentence: `${pathText(path)} is ${text}: expected an address in ${prefixes.map(formatPrefix).join(' or ')}${whose}`,
    };
  } else if (isReserved(inside, address)) {
    const example = formatAddress(addressAt(inside, 1));
    yield {
      code: 'TOPOLOGY_OUTSIDE',
      path,
      sentence: `${pathText(path)} is ${text}, which no machine in ${formatPrefix(inside)} can have: expected one such as ${example}`,
    };
  }
}

export const duplicate = (path: readonly PropertyKey[], sentence: string): Problem => ({
  code: 'TOPOLOGY_DUPLICATE',
  path,
  sentence,
});

export function unknown(
  path: readonly PropertyKey[],
  kind: string,
  name: string,
  known: readonly string[],
): Problem {
  const list = known.length === 0 ? 'there is none' : `expected one of ${known.join(', ')}`;
  return {
    code: 'TOPOLOGY_REFERENCE',
    path,
    sentence: `${pathText(path)} is ${name}, and there is no such ${kind}: ${list}`,
  };
}

export const unreachable = (path: readonly PropertyKey[], sentence: string): Problem => ({
  code: 'TOPOLOGY_REFERENCE',
  path,
  sentence,
});
