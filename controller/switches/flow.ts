/**
 * A flow as apps write it, and the short words they write it with.
 */
import { CT_RECIRC_NONE, OFPP_IN_PORT } from '../openflow/index.ts';
import { type Action, match, type Match, type MatchValues, oxmField, type NatAction, subfield } from '../openflow/index.ts';
import type { FieldName, FieldValue } from '../openflow/index.ts';
import { Table, type TableName } from './pipeline.ts';

export interface Flow {
  readonly table: number;
  readonly priority: number;
  readonly match: Match;
  readonly actions: readonly Action[];
  /** The table that the packet goes on to, if any; a later one. */
  readonly next: number | undefined;
  readonly cookie: bigint;
  /** Seconds after which OVS removes the flow by itself; 0 for never. */
  readonly hardTimeout: number;
}

/** `[actions, table to go on to]` */
export type Then = readonly [actions: readonly Action[], next?: TableName];

export const drop: Then = [[]];

/** Collects flows that share a cookie. */
export class FlowList {
  readonly flows: Flow[] = [];
  private readonly cookie: bigint;

  constructor(cookie: bigint) {
    this.cookie = cookie;
  }

  add(table: TableName, priority: number, fields: MatchValues, then: Then, hardTimeout = 0): this {
    const [actions, next] = then;
    this.flows.push({
      table: Table[table],
      priority,
      match: match(fields),
      actions,
      next: next === undefined ? undefined : Table[next],
      cookie: this.cookie,
      hardTimeout,
    });
    return this;
  }
}

export const ETH_IPV4 = 0x0800;
export const ETH_IPV6 = 0x86dd;
export const ETH_ARP = 0x0806;
export const ETH_RARP = 0x8035;

/** Match on the EtherType of each IP version. */
export const ip = { 4: { eth_type: ETH_IPV4 }, 6: { eth_type: ETH_IPV6 } } as const;

export const output = (port: number): Action => ({ type: 'output', port, maxLen: 0 });
export const outputInPort: Action = output(OFPP_IN_PORT);

/** Puts a value into a whole field. */
export function set(name: FieldName, value: FieldValue | string): Action {
  const [{ field, value: parsed }] = match({ [name]: value } as MatchValues) as [Match[number]];
  return { type: 'set_field', field, value: parsed };
}

/** Puts a value into some bits of a field. */
export function setBits(name: FieldName, range: { offset: number; bits: number }, value: number): Action {
  const mask = (2 ** range.bits - 1) * 2 ** range.offset;
  const shifted = value * 2 ** range.offset;
  const field = oxmField(name);
  return field.kind === 'bigint'
    ? { type: 'set_field', field, value: BigInt(shifted), mask: BigInt(mask) }
    : { type: 'set_field', field, value: shifted, mask };
}

export const decTtl: Action = { type: 'dec_nw_ttl' };
