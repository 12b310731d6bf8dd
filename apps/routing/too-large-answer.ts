/**
 * Answers packet-ins about packets that do not fit a tunnel.
 */
import { isIPv4 } from 'node:net';
import type { HostName, NetworkState } from '../../controller/network/model.ts';
import {
  CtState,
  formatIpv4,
  formatIpv6,
  type Match,
  type NxPacketIn,
} from '../../controller/openflow/index.ts';
import type { Fabric } from '../../controller/switches/fabric.ts';
import { TUNNEL_OVERHEAD } from '../../controller/switches/pipeline.ts';
import { answerTooLarge } from './too-large.ts';

/** Sends the answer back out of the port that the packet came in by. */
export function answerPacketIn(
  state: NetworkState,
  fabric: Fabric,
  hostName: HostName,
  message: NxPacketIn,
  frame: Uint8Array,
): void {
  const host = state.hosts.get(hostName);
  const inPort = numberOf(message.metadata, 'in_port');
  if (host === undefined || inPort === undefined) return;
  const subnets = [...state.subnets.values()].filter(({ site }) => site === host.site);
  const mtu = Math.min(...subnets.map((subnet) => subnet.mtu));
  const version = frame[12] === 0x86 ? 6 : 4;
  const from =
    version === 4
      ? isIPv4(host.underlay)
        ? host.underlay
        : undefined
      : subnets.find(({ family }) => family === 6)?.gateway;
  if (from === undefined) return;
  const overhead = TUNNEL_OVERHEAD[isIPv4(host.underlay) ? 4 : 6];
  const originalDestination = destinationBeforeTranslation(message.metadata);
  const answer = answerTooLarge({
    frame,
    mtu: mtu - overhead,
    from,
    ...(originalDestination === undefined ? {} : { originalDestination }),
  });
  if (answer !== undefined) fabric.packetOut(hostName, inPort, answer);
}

/** Conntrack keeps the destination of the connection's first packet; answers go the other way. */
function destinationBeforeTranslation(metadata: Match | undefined): string | undefined {
  const state = numberOf(metadata, 'ct_state') ?? 0;
  if ((state & CtState.RPL) !== 0) return undefined;
  for (const { field, value } of metadata ?? []) {
    if (field.name === 'ct_nw_dst') return formatIpv4(value as number);
    if (field.name === 'ct_ipv6_dst') return formatIpv6(value as bigint);
  }
  return undefined;
}

function numberOf(metadata: Match | undefined, name: string): number | undefined {
  const entry = metadata?.find(({ field }) => field.name === name);
  return typeof entry?.value === 'number' ? entry.value : undefined;
}
