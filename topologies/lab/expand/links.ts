/**
 * Links and what they do to packets.
 */
import { lab as labLimits } from '../../../controller/limits.ts';
import type { LinkShapeSection } from '../../schema.ts';
import { macOf } from '../identity.ts';
import { managedNodes, MANAGEMENT } from '../management.ts';
import type { LinkPlan, LinkShape } from '../plan.ts';
import { type Context, edgeOf, OUTSIDE, routerOf, stationsOf, switchesOf } from './context.ts';
import { routedPairs } from './wan.ts';

/** Bytes: Ethernet's header and 1,500 bytes of payload. */
const FULL_FRAME = 1_514;

export function managementLinks(context: Context): LinkPlan[] {
  const lab = context.topology.name;
  return managedNodes(context.topology).map((name) => ({
    a: { node: name, interface: 'mgmt', mac: macOf('02', lab, name, 'mgmt') },
    b: { node: MANAGEMENT, interface: `m-${name}`, mac: macOf('02', lab, MANAGEMENT, name) },
  }));
}

export function siteLinks(context: Context): LinkPlan[] {
  const lab = context.topology.name;
  const end = (node: string, name: string): LinkPlan['a'] => ({
    node,
    interface: name,
    mac: macOf('02', lab, node, name),
  });
  const isSwitch = (name: string): boolean => switchesOf(context).some((it) => it.name === name);
  const station = (name: string): LinkPlan['a'] => {
    if (name in context.lab.nat) return end(routerOf(name), OUTSIDE);
    return end(name, isSwitch(name) ? 'uplink' : 'eth0');
  };
  return context.network.sites.flatMap((site) => {
    const edge = edgeOf(context, site.name);
    const links = stationsOf(context, site.name).map((name) =>
      link(
        station(name),
        edge ? end(edge.name, `in-${name}`) : end(routerOf(site.name), `lan-${name}`),
        context.lab.links[name],
      ),
    );
    if (!edge) return links;
    const border = link(
      end(edge.name, 'uplink'),
      end(routerOf(site.name), `lan-${edge.name}`),
      context.lab.links[edge.name],
    );
    return [...links, border];
  });
}

function link(a: LinkPlan['a'], b: LinkPlan['b'], section: LinkShapeSection | undefined): LinkPlan {
  const shape = shapeOf(section);
  return shape ? { a, b, shape } : { a, b };
}

/** Half the round trip in each direction. */
function shapeOf(section: LinkShapeSection | undefined): LinkShape | undefined {
  if (section?.rtt === undefined && section?.rate === undefined) return undefined;
  const delayUs = Math.round((section.rtt ?? 0) / 2);
  return {
    delayUs,
    ...(section.rate !== undefined && { bitsPerSecond: section.rate }),
    queuePackets: queueOf(section, delayUs),
  };
}

/** As many frames of full size as the link sends in the time that one may wait, and those that are on their way. */
function queueOf({ rate, queue }: LinkShapeSection, delayUs: number): number {
  if (rate === undefined || queue === undefined) return labLimits.linkQueuePackets;
  return Math.max(1, Math.ceil((rate * (queue + delayUs)) / 1e6 / 8 / FULL_FRAME));
}

export function wanLinks(context: Context): LinkPlan[] {
  const { topology, lab } = context;
  return routedPairs(context).map(([a, b]) => {
    const own = lab.wan.pairs.find(({ between }) => between.includes(a) && between.includes(b));
    const end = (site: string, other: string): LinkPlan['a'] => ({
      node: routerOf(site),
      interface: `wan-${other}`,
      mac: macOf('02', topology.name, routerOf(site), other),
    });
    return link(end(a, b), end(b, a), {
      rtt: own?.rtt ?? lab.wan.rtt,
      rate: own?.rate ?? lab.wan.rate,
      queue: own?.queue ?? lab.wan.queue,
    });
  });
}
