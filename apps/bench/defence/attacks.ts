/**
 * The attacks of the benchmark, and the crowd that is none. On links of 10 Mbit/s, 3,000 packets of 1,200 bytes a second
 * are two or three times what the site takes.
 */
import type { AttackSection } from '../../../topologies/schema.ts';

const FLOOD_MS = 6_000;
/** What cannot be kept off the site's link lasts until the guest has moved. */
const FLED_MS = 20_000;
/** Connections count as slow when they are 5 s old, and those that are then blocked are the server's for 5 s more. */
const SLOW_MS = 30_000;

const flood = { to: 'web', at: 'home', rate: 3_000, size: 1_200, duration: FLOOD_MS } as const;
/** A station of a site with an edge of ours, and one out in the internet. */
const [behindEdge, outside] = [['x1'], ['x2']];

export const ATTACKS: Readonly<Record<string, AttackSection>> = {
  'syn-flood': { ...flood, kind: 'syn-flood', from: behindEdge, sources: 'real' },
  'syn-flood-spoofed': {
    ...flood,
    ...{ kind: 'syn-flood', from: outside, sources: 'spoofed', duration: FLED_MS },
  },
  'ack-flood': { ...flood, kind: 'ack-flood', from: behindEdge, sources: 'real' },
  'udp-flood': { ...flood, kind: 'udp-flood', from: behindEdge, sources: 'real' },
  'udp-flood-outside': {
    ...flood,
    ...{ kind: 'udp-flood', from: outside, sources: 'real', duration: FLED_MS },
  },
  'icmp-flood': { ...flood, kind: 'icmp-flood', from: behindEdge, sources: 'real' },
  'connection-flood': {
    ...{ kind: 'connection-flood', from: outside, sources: 'real' },
    ...{ to: 'web', at: 'home', rate: 100, size: 0, duration: FLOOD_MS },
  },
  'slow-connections': {
    ...{ kind: 'slow-connections', from: outside, sources: 'real' },
    ...{ to: 'web', at: 'home', rate: 40, size: 0, connections: 300, duration: SLOW_MS },
  },
};

/** From these the guest moves away, unless it is only to filter. */
export const FLED: readonly string[] = Object.keys(ATTACKS).filter(
  (name) => ATTACKS[name]!.duration === FLED_MS,
);

/** Many clients that each ask a little, for as long as a flood lasts. */
export const CROWD = 'flash-crowd';
export const CROWD_MS = FLOOD_MS;

export const NAMES: readonly string[] = [...Object.keys(ATTACKS), CROWD];
