/**
 * Routing's flows at an edge: a switch between the site's stations and its router that also looks at what guests
 * and stations say to each other.
 *
 * What nobody has a rule for is switched as it was before the edge came under control (`NORMAL`), tags and all.
 *
 * Owns, at an edge: classify, neighbour. And the end of edge and edgeTracked: on as any other frame.
 */
import type { EdgeView } from '../../controller/network/bridge-view.ts';
import { drop, type Flow, FlowList, set, switched } from '../../controller/switches/flow.ts';
import { Class, cookie, Register } from '../../controller/switches/pipeline.ts';
import type { BlockRecipe } from '../../controller/switches/program.ts';

export function edgeRoutingRecipes({ uplink, tunnel }: EdgeView): BlockRecipe[] {
  if (uplink === undefined) return [];
  return [{ key: 'routing bridge', inputs: [uplink, tunnel], flows: () => bridgeFlows(uplink, tunnel) }];
}

function bridgeFlows(uplink: number, tunnel: number | undefined): readonly Flow[] {
  const list = new FlowList(cookie('routing', 'bridge', 0));
  // Nothing is sent to an edge through a tunnel.
  if (tunnel !== undefined) list.add('classify', 110, { in_port: tunnel }, drop);
  list.add('classify', 100, { in_port: uplink }, [[set(Register.class, Class.uplink)], 'blocklist']);
  list.add('classify', 0, {}, [[set(Register.class, Class.station)], 'blocklist']);
  list.add('neighbour', 0, {}, [[], 'edge']);
  list.add('edge', 0, {}, [[switched]]);
  list.add('edgeTracked', 0, {}, [[switched]]);
  return list.flows;
}
