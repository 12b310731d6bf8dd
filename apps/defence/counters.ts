/**
 * From a bridge's flow counters to totals that never decrease. A flow that is put anew begins at zero; what a bridge
 * had counted before it was first read is nobody's concern.
 */
import { type FlowDesc, flowDescRequest, isRawEntry, type Message } from '../../controller/openflow/index.ts';
import {
  App,
  COOKIE_PREFIX,
  cookieOwner,
  ObjectKind,
  ofCounter,
  Table,
} from '../../controller/switches/pipeline.ts';
import { noTotals, type Totals } from './measurement.ts';
import { classOfNumber } from './traffic-class.ts';

/** Packets, by number of the counter. */
export type Counters = ReadonlyMap<number, bigint>;

export interface Counted {
  /** As last read; undefined before the first time. */
  readonly last: Counters | undefined;
  /** By number of the interface. */
  readonly totals: ReadonlyMap<number, Totals>;
}

export const nothingCounted: Counted = { last: undefined, totals: new Map() };

/** Asks for the counters of a bridge and nothing else: a fixed number of flows for each interface. */
export const countersRequest: Message = flowDescRequest({
  table: Table.count,
  cookie: (COOKIE_PREFIX << 48n) | (BigInt(App.defence) << 40n) | (BigInt(ObjectKind.counter) << 32n),
  cookieMask: 0xffff_ffff_0000_0000n,
});

/** Several flows may share a counter. */
export function countersIn(parts: readonly Message[]): Counters {
  const counters = new Map<number, bigint>();
  for (const part of parts) {
    if (part.type !== 'flow_desc_reply') continue;
    for (const flow of part.flows) if (!isRawEntry(flow)) addTo(counters, flow);
  }
  return counters;
}

function addTo(counters: Map<number, bigint>, { cookie, stats }: FlowDesc): void {
  const owner = cookieOwner(cookie);
  if (owner?.kind !== 'counter') return;
  counters.set(owner.number, (counters.get(owner.number) ?? 0n) + (stats.packetCount ?? 0n));
}

export function counted({ last, totals }: Counted, counters: Counters): Counted {
  const next = new Map<number, Record<keyof Totals, number>>();
  for (const [counter, packets] of counters) {
    const { interfaceNumber, trafficClass } = ofCounter(counter);
    const name = classOfNumber(trafficClass);
    if (name === undefined) continue;
    let sums = next.get(interfaceNumber);
    if (sums === undefined) {
      sums = { ...(totals.get(interfaceNumber) ?? noTotals) };
      next.set(interfaceNumber, sums);
    }
    const before = last?.get(counter) ?? 0n;
    if (last !== undefined) sums[name] += Number(packets >= before ? packets - before : packets);
  }
  return { last: counters, totals: next };
}
