/**
 * What things of the network are called, and what they are addressed by: what every other part of the model refers to.
 */
export type SiteName = string;
export type Prefix = string;
export type HostName = string;
export type EdgeName = string;
/** Of a host or an edge; no two of them have the same. */
export type SwitchName = string;
export type GuestName = string;

/** 1 to `MAX_INTERFACE_NUMBER`: the key of an interface in tunnels, registers, zones and cookies. */
export type InterfaceNumber = number;

/** An interface takes three of a bridge's 65,536 conntrack zones (see switches/pipeline.ts). */
export const MAX_INTERFACE_NUMBER = 0x3fff;

/** At most one address of each family. */
export interface Addresses {
  readonly ipv4?: string;
  readonly ipv6?: string;
}
