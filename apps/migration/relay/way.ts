/**
 * What the three ways to relay have in common: what each is asked for, and what it is told.
 */
import type { Anchor } from '../../../controller/network/anchor.ts';
import type { GuestInterface, Host } from '../../../controller/network/model.ts';
import type { Addresses } from '../../../controller/network/names.ts';
import type { Family, Relay, RelayMode } from '../../../controller/network/relay.ts';
import type { Action } from '../../../controller/openflow/index.ts';
import type { FlowList } from '../../../controller/switches/flow.ts';
import { Mark } from '../../../controller/switches/pipeline.ts';

export interface RelayWay {
  /**
   * At an anchor: sends a packet of this family, which `deliver` has, to the guest at another host, and leaves it as
   * it was for what comes after. Undefined where that takes a tunnel. `uplink` outputs to the uplink.
   */
  readonly send: (from: AnchorSide, family: Family, uplink: Action) => readonly Action[] | undefined;
  /** At a host that the guest is at, comes to or has left: what the anchor or an edge sends there. */
  readonly arrive: (list: FlowList, at: GuestSide) => void;
  /** Where the guest is: answers on connections of the anchor. Adds to `outboundRelayed`. */
  readonly answer: (list: FlowList, at: GuestSide) => void;
}

/** Of a bridge, what packets that leave it by the uplink need. */
export interface WayOut {
  readonly uplink: number;
  /** MAC addresses of the gateways of the bridge's own site. */
  readonly gateways: GatewayMacs;
  readonly mtu: number;
}

export type GatewayMacs = Readonly<Partial<Record<Family, string>>>;

export interface AnchorSide {
  readonly nic: GuestInterface;
  readonly own: Anchor | undefined;
  /** Where the guest is, or is copied to. */
  readonly to: Host;
  readonly relay: Relay | undefined;
  readonly out: WayOut;
}

/** An anchor on another bridge. */
export interface OtherAnchor {
  readonly index: number;
  readonly addresses: Addresses;
  readonly host: Host | undefined;
  /** It admits nothing new. */
  readonly closed: boolean;
  /** Its way to relay to this host. */
  readonly relay: Relay | undefined;
  /** Its way to relay to where the guest is, when that is another host. */
  readonly elsewhere: Relay | undefined;
}

export interface GuestSide {
  readonly nic: GuestInterface;
  readonly anchor: OtherAnchor;
  readonly out: WayOut;
}

export const modeOf = (relay: Relay | undefined): RelayMode => relay?.mode ?? 'tunnel';

/** In a relay zone: connections of this anchor, with answers that leave this way. */
export function markOf(anchor: number, answer: number): { ct_mark: { value: number; mask: number } } {
  const bits = (field: { readonly bits: number; readonly offset: number }): number =>
    (2 ** field.bits - 1) << field.offset;
  return {
    ct_mark: { value: anchor | (answer << Mark.answer.offset), mask: bits(Mark.anchor) | bits(Mark.answer) },
  };
}
