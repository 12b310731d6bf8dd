/** The topology that the tests of the lab bring up: like first-flight, but beside it. */
import { probeAccelerator } from '../../../topologies/lab/accelerator.ts';
import { expand } from '../../../topologies/lab/expand.ts';
import type { ExpandOptions } from '../../../topologies/lab/expand/options.ts';
import { guestImage } from '../../../topologies/lab/image.ts';
import type { LabPlan } from '../../../topologies/lab/plan.ts';
import { parseTopology } from '../../../topologies/parse.ts';

export const topologyText = (name: string, subnet: number): string => `
name: ${name}
sites:
  A: { subnets: [{ prefix: 10.1.0.0/24, gateway: 10.1.0.1 }, { prefix: '2001:db8:1::/64', gateway: '2001:db8:1::1' }] }
  B: { subnets: [{ prefix: 10.2.0.0/24, gateway: 10.2.0.1 }, { prefix: '2001:db8:2::/64', gateway: '2001:db8:2::1' }] }
  C: { subnets: [{ prefix: 203.0.113.0/24, gateway: 203.0.113.1 }, { prefix: '2001:db8:c::/64', gateway: '2001:db8:c::1' }] }
hosts:
  a1: { site: A, underlay: 10.1.0.11, capacity: { memory: 512, guests: 2 } }
  b1: { site: B, underlay: 10.2.0.11, capacity: { memory: 512, guests: 2 } }
guests:
  web: { host: a1, addresses: [10.1.0.100, '2001:db8:1::100'], services: [tcp/7, tcp/80, udp/7] }
lab:
  management: 198.18.${subnet}.0/24
  wan: { rtt: 20ms }
  clients:
    c1: { site: C, addresses: [203.0.113.11, '2001:db8:c::11'] }
`;

export async function smallLab(
  name: string,
  subnet: number,
  options: Partial<ExpandOptions> = {},
): Promise<LabPlan> {
  const image = await guestImage();
  const { accelerator } = await probeAccelerator(image);
  return expand(parseTopology(topologyText(name, subnet), `${name}.yaml`), {
    image,
    accelerator,
    failMode: 'standalone',
    ...options,
  });
}
