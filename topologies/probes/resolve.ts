/**
 * What the name server of /etc/resolv.conf says at this moment: nothing is remembered from one call to the next, as
 * records that live for a second ask for.
 */
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

const TIMEOUT_MS = 1_000;
const TRIES = 5;

/**
 * The first address of `target`; IPv4 comes first where no family is said. An address is given back as it is, and so
 * is a name that there is no address of, for whoever connects to it to fail with.
 */
export async function resolve(target: string, family: 4 | 6 | undefined): Promise<string> {
  if (isIP(target) !== 0) return target;
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  const asked = [
    ...(family === 6 ? [] : [() => resolver.resolve4(target)]),
    ...(family === 4 ? [] : [() => resolver.resolve6(target)]),
  ];
  for (const ask of asked) {
    const [address] = await ask().catch(() => []);
    if (address !== undefined) return address;
  }
  return target;
}
