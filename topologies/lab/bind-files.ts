/** The configuration of a lab's name server, BIND: one zone, whose A and AAAA records the holder of a key may set. */
import type { TsigKeyDescription } from '../../controller/network/description.ts';

export interface BindOptions {
  readonly zone: string;
  readonly key: TsigKeyDescription & { readonly secret: { readonly base64: string } };
  /** Where clients ask it. */
  readonly address: string;
}

/** Directories that it has to itself: configuration, working directory, zone and journal, pid file, log. */
export const BIND_DIRECTORIES = [
  '/etc/bind',
  '/var/cache/bind',
  '/var/lib/bind',
  '/run/named',
  '/var/log/named',
];

export const ZONE_FILE = '/var/lib/bind/zone';

export function namedConf({ zone, key }: BindOptions): string {
  return `options {
  directory "/var/cache/bind";
  pid-file "/run/named/named.pid";
  session-keyfile "/run/named/session.key";
  listen-on { any; };
  listen-on-v6 { any; };
  recursion no;
  dnssec-validation no;
  notify no;
  allow-query { any; };
  allow-transfer { none; };
};
controls { };
logging {
  channel file { file "/var/log/named/named.log"; severity info; print-time iso8601; print-category yes; };
  category default { file; };
  category update { file; };
  category update-security { file; };
};
key "${key.name}" {
  algorithm ${key.algorithm};
  secret "${key.secret.base64}";
};
zone "${zone}" {
  type primary;
  file "${ZONE_FILE}";
  update-policy { grant ${key.name} zonesub A AAAA; };
};
`;
}

/** What does not exist is not asked for again for a second, either: a guest's name may come at any moment. */
export function zoneText({ zone, address }: BindOptions): string {
  return `$ORIGIN ${zone}.
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 1
@ NS ns
ns ${address.includes(':') ? 'AAAA' : 'A'} ${address}
`;
}

/** resolv.conf(5) of who asks this server and no other. A lost question is asked again after a second. */
export const resolvConf = (address: string): string =>
  `nameserver ${address}\noptions timeout:1 attempts:5\n`;
