/**
 * Commands that give a node its addresses, and the ways out that come with them.
 */
import { parseAddress, type Version } from '../../../controller/network/address.ts';
import type { StepPlan } from '../plan.ts';
import { type Context, siteNamed, step, subnetOf } from './context.ts';

export function addAddress(address: string, device: string): StepPlan {
  return step(`address ${address}`, 'ip', 'address', 'add', address, 'dev', device);
}

/** Commands that give a station its addresses, and a default route by the gateway of each version's first. */
export function addressing(
  context: Context,
  siteName: string,
  addresses: readonly string[],
  device: string,
): StepPlan[] {
  const site = siteNamed(context, siteName);
  const routed = new Set<Version>();
  return addresses.flatMap((text) => {
    const address = parseAddress(text)!;
    const subnet = subnetOf(site, address)!;
    const steps = [addAddress(`${text}/${subnet.prefix.length}`, device)];
    if (!routed.has(address.version)) {
      routed.add(address.version);
      steps.push(
        step(`default route by ${subnet.gateway}`, 'ip', 'route', 'add', 'default', 'via', subnet.gateway),
      );
    }
    return steps;
  });
}
