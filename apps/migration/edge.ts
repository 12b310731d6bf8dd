/**
 * Migration's flows at an edge.
 *
 * An edge tracks what its stations and guests elsewhere say to each other, from the beginning and before anybody
 * moves: it is the first controlled hop of those connections, and can redirect them because it knows them. It
 * holds a fixed number of flows for each address of a guest, however many connections there are.
 *
 * Owns: edge, edgeTracked.
 */
import type { EdgeView, Passer } from '../../controller/network/bridge-view.ts';
import {
  ct,
  ctState,
  type Flow,
  FlowList,
  ip,
  set,
  switched,
  type Then,
} from '../../controller/switches/flow.ts';
import { anchorZone, Class, cookie, Register } from '../../controller/switches/pipeline.ts';
import type { BlockRecipe } from '../../controller/switches/program.ts';
import { markKnown } from './marks.ts';

export function edgeMigrationRecipes({ passers }: EdgeView): BlockRecipe[] {
  return [
    { key: 'migration bridge', inputs: [], flows: bridgeFlows },
    ...passers.map((passer) => ({
      key: `migration edge ${passer.nic.number}`,
      inputs: [passer.nic, ...passer.anchors],
      flows: () => passerFlows(passer),
    })),
  ];
}

/** Whoever begins, and whatever is under way when the edge comes under control: tracked from here on. */
function bridgeFlows(): readonly Flow[] {
  const list = new FlowList(cookie('migration', 'bridge', 0));
  for (const version of [4, 6] as const) {
    list.add('edgeTracked', 100, { ...ctState('trk', 'new'), ...ip[version] }, [
      [ct({ commit: true, zone: Register.anchorZone, exec: markKnown }), switched],
    ]);
  }
  return list.flows;
}

function passerFlows({ nic, anchors }: Passer): readonly Flow[] {
  const list = new FlowList(cookie('migration', 'interface', nic.number));
  const zone = anchorZone(nic.number);
  for (const { index, addresses } of anchors) {
    const look: Then = [
      [
        set(Register.interface, nic.number),
        set(Register.anchorZone, zone),
        set(Register.anchor, index),
        ct({ zone, table: 'edgeTracked' }),
      ],
    ];
    const { ipv4, ipv6 } = addresses;
    const station = { [Register.class]: Class.station };
    const uplink = { [Register.class]: Class.uplink };
    if (ipv4 !== undefined) {
      list.add('edge', 100, { ...station, ...ip[4], ip_dst: ipv4 }, look);
      list.add('edge', 100, { ...uplink, ...ip[4], ip_src: ipv4 }, look);
    }
    if (ipv6 !== undefined) {
      list.add('edge', 100, { ...station, ...ip[6], ipv6_dst: ipv6 }, look);
      list.add('edge', 100, { ...uplink, ...ip[6], ipv6_src: ipv6 }, look);
    }
  }
  return list.flows;
}
