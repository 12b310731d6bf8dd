/**
 * Answers packet-ins about packets that do not fit a tunnel.
 */
import { isIP, isIPv4 } from 'node:net';
import { HOME_ANCHOR } from '../../controller/network/anchor.ts';
import type { NetworkState, Subnet } from '../../controller/network/model.ts';
import type { HostName } from '../../controller/network/names.ts';
import {
  formatIpv4,
  formatIpv6,
  parseIpv6,
  type Match,
  type NxPacketIn,
} from '../../controller/openflow/index.ts';
import type { Fabric } from '../../controller/switches/fabric.ts';
import { Register, TUNNEL_OVERHEAD } from '../../controller/switches/pipeline.ts';
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
  const from = isIP(host.underlay) === version ? host.underlay : gatewayOf(subnets, version);
  if (from === undefined) return;
  const overhead = TUNNEL_OVERHEAD[isIPv4(host.underlay) ? 4 : 6];
  const originalDestination = destinationBeforeTranslation(state, hostName, message.metadata, frame, version);
  const answer = answerTooLarge({
    frame,
    mtu: mtu - overhead,
    from,
    ...(originalDestination === undefined ? {} : { originalDestination }),
  });
  if (answer !== undefined) fabric.packetOut(hostName, inPort, answer);
}

function gatewayOf(subnets: readonly Subnet[], version: 4 | 6): string | undefined {
  return subnets.find(({ family }) => family === version)?.gateway;
}

/**
 * The address that the sender knows the guest by: the anchor's, in place of the home address that the packet has
 * been translated to. Undefined when it was not translated, or is on its way from the guest.
 */
function destinationBeforeTranslation(
  state: NetworkState,
  host: HostName,
  metadata: Match | undefined,
  frame: Uint8Array,
  version: 4 | 6,
): string | undefined {
  const nic = interfaceOf(metadata);
  const anchor = state.anchors.get(nic ?? 0)?.find((one) => one.host === host);
  const home = state.anchors.get(nic ?? 0)?.find(({ index }) => index === HOME_ANCHOR);
  const [known, translated] =
    version === 4
      ? [anchor?.addresses.ipv4, home?.addresses.ipv4]
      : [anchor?.addresses.ipv6, home?.addresses.ipv6];
  if (known === undefined || translated === undefined || anchor === home) return undefined;
  return sameAddress(destinationOf(frame, version), translated) ? known : undefined;
}

function destinationOf(frame: Uint8Array, version: 4 | 6): string | undefined {
  const [start, length] = version === 4 ? [30, 4] : [38, 16];
  if (frame.length < start + length) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset + start, length);
  return version === 4
    ? formatIpv4(view.getUint32(0))
    : formatIpv6((view.getBigUint64(0) << 64n) | view.getBigUint64(8));
}

function sameAddress(one: string | undefined, other: string): boolean {
  return one === (isIPv4(other) ? other : formatIpv6(parseIpv6(other)));
}

/** The number that `Register.interface` held, alone or as the upper half of a pair of registers. */
function interfaceOf(metadata: Match | undefined): number | undefined {
  for (const { field, value } of metadata ?? []) {
    if (field.name === Register.interface && typeof value === 'number') return value;
    if (field.name === 'xreg0' && typeof value === 'bigint') return Number(value >> 32n);
  }
  return undefined;
}

function numberOf(metadata: Match | undefined, name: string): number | undefined {
  const entry = metadata?.find(({ field }) => field.name === name);
  return typeof entry?.value === 'number' ? entry.value : undefined;
}
