/**
 * What a topology file leaves to be understood about DNS: the names of guests, and in a lab the name server's site
 * and key.
 */
import { createHash } from 'node:crypto';
import type { TsigKeyDescription } from '../controller/network/description.ts';
import { isWithin } from '../controller/network/address.ts';
import type { DnsSection, Topology } from './schema.ts';

/** A lab's name server, as a node of it. */
export const NAME_SERVER = 'dns';

/** Undefined where the topology has no `dns`. */
export function dnsNameOf(
  { dns, guests }: Pick<Topology, 'dns' | 'guests'>,
  guest: string,
): string | undefined {
  return dns === undefined ? undefined : (guests[guest]?.dnsName ?? `${guest.toLowerCase()}.${dns.zone}`);
}

/** The site whose subnet the name server's address is in: where a lab puts it. */
export function nameServerSite(topology: Pick<Topology, 'dns' | 'sites'>): string | undefined {
  const { dns } = topology;
  if (dns === undefined) return undefined;
  return Object.keys(topology.sites).find((site) =>
    topology.sites[site]!.subnets.some(({ prefix }) => isWithin(prefix, dns.server.address)),
  );
}

/** The file's key; a lab whose file has none uses one derived from its name, which is no secret and guards nothing. */
export function tsigKeyOf({ key }: DnsSection, lab: string): TsigKeyDescription {
  if (key === undefined) {
    const base64 = createHash('sha256').update(`${lab}\0tsig`).digest('base64');
    return { name: 'arctictern', algorithm: 'hmac-sha256', secret: { base64 } };
  }
  const { name, algorithm, secret, secretFile } = key;
  return { name, algorithm, secret: secret === undefined ? { file: secretFile! } : { base64: secret } };
}
