/** Whether an address is in a subnet. */
import { isIPv6 } from 'node:net';
import { parseIpv4, parseIpv6 } from '../openflow/index.ts';

/** `prefix` in CIDR form; an address of the other family is in none. */
export function contains(prefix: string, address: string): boolean {
  const [network = '', length = ''] = prefix.split('/');
  if (isIPv6(network) !== isIPv6(address)) return false;
  const bits = isIPv6(network) ? 128 : 32;
  const value = (text: string): bigint => (bits === 128 ? parseIpv6(text) : BigInt(parseIpv4(text)));
  const host = BigInt(bits - Number(length));
  return value(network) >> host === value(address) >> host;
}
