/**
 * What is said of a bridge that has forgotten its connections, since OVS has been started anew there: what lives on, and
 * what cannot.
 *
 * A care-of address is translated by the conntrack of the bridge that holds it, and what it was translated to nobody else
 * knows. So what such an address had open is lost, and all else is found out anew; where no care-of address is held,
 * nothing was translated.
 */
import { GRACE_SECONDS } from '../../controller/limits.ts';
import { HOME_ANCHOR } from '../../controller/network/anchor.ts';
import type { NetworkState } from '../../controller/network/model.ts';
import type { HostName } from '../../controller/network/names.ts';

export interface GraceNotice {
  /** A warning when something is lost. */
  readonly level: 'info' | 'warning';
  readonly message: string;
}

export function graceNotice(state: NetworkState, host: HostName): GraceNotice {
  const admitted = `conntrack is empty: for ${GRACE_SECONDS} s TCP in mid-stream of guests' services is admitted`;
  const lost = careOfAt(state, host);
  if (lost.length === 0) return { level: 'info', message: admitted };
  return {
    level: 'warning',
    message: `${admitted}; connections that were translated are lost: those of ${lost.join(' and of ')}`,
  };
}

/** Guests with the care-of addresses that the host's bridge translates. */
function careOfAt({ guests, anchors }: NetworkState, host: HostName): string[] {
  return [...guests.values()].flatMap(({ name, interfaces }) => {
    const addresses = interfaces
      .flatMap(({ number }) => anchors.get(number) ?? [])
      .filter((anchor) => anchor.host === host && anchor.index !== HOME_ANCHOR)
      .flatMap(({ addresses: { ipv4, ipv6 } }) => [ipv4, ipv6].filter((one) => one !== undefined));
    return addresses.length === 0 ? [] : [`guest ${name} with ${addresses.join(', ')}`];
  });
}
