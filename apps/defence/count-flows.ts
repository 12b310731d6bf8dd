/**
 * The flows that count a guest's inbound traffic by class, and sample it: a fixed number for each interface, however
 * much there is and wherever it comes from. They decide nothing: whatever was counted goes on as before.
 *
 * A packet is counted where it is first decided about as the guest's: at the anchor, or, where an edge sends it straight
 * to the guest, at the edge; and nowhere else. What an edge passes on, the anchor counts. Where they send it, what is the
 * first of its connection at a relay address has counters of its own: nobody may have sent it.
 *
 * What the guest's bridges cannot see is not counted: fragments that never make a packet end in `ct`.
 *
 * Owns: count.
 */
import type { BridgeView, EdgeView, Passer } from '../../controller/network/bridge-view.ts';
import type { GuestInterface } from '../../controller/network/model.ts';
import { families, isRelayedTo } from '../../controller/network/relay.ts';
import type { Action } from '../../controller/openflow/index.ts';
import {
  ct,
  type Flow,
  FlowList,
  meter,
  resubmit,
  sample,
  set,
  type Then,
} from '../../controller/switches/flow.ts';
import {
  anchorZone,
  cookie,
  counterNumber,
  edgeDomain,
  Register,
  type TableName,
} from '../../controller/switches/pipeline.ts';
import type { BlockRecipe } from '../../controller/switches/program.ts';
import {
  ANCHOR_CLASSES,
  type ClassRule,
  type ClassRules,
  classRules,
  edgeClassRules,
  numberOfClass,
  RELAYED_CLASSES,
  uncountedAtEdge,
  uncountedRelayed,
} from './traffic-class.ts';

/** How one kind of bridge counts. */
interface Counting {
  readonly rules: ClassRules;
  /** Where what was counted goes on. */
  readonly next: TableName;
  /** The observation domain of its samples. */
  readonly domain: number;
}

/** What is counted of an interface at a bridge: `relayed`, if it is relayed to here. */
interface CountedInterface {
  readonly nic: GuestInterface;
  readonly anchored: boolean;
  readonly relayed: boolean;
}

export function countRecipes(view: BridgeView): BlockRecipe[] {
  const counting: Counting = { rules: classRules, next: 'inboundTracked', domain: view.host.number };
  return [
    {
      key: 'defence count',
      inputs: [],
      flows: () =>
        new FlowList(cookie('defence', 'bridge', 0)).add('count', 0, {}, [[], 'inboundTracked']).flows,
    },
    // Packets are counted where their connection's state is held, and nowhere else.
    ...view.residents
      .map(({ nic, own, others }) => ({
        nic,
        anchored: own !== undefined,
        relayed: isRelayedTo(others, view.host.name),
      }))
      .filter(({ anchored, relayed }) => anchored || relayed)
      .map((counted) => interfaceRecipe(counted, counting)),
  ];
}

export function edgeCountRecipes({ edge, passers }: EdgeView): BlockRecipe[] {
  const counting: Counting = { rules: edgeClassRules, next: 'edgeTracked', domain: edgeDomain(edge.number) };
  return [
    { key: 'defence count', inputs: [], flows: edgeFlows },
    // From before the guest moves: at the switchover nothing is to change but where packets go.
    ...(edge.redirect ? passers.filter(mayBeRedirected) : []).map(({ nic }) =>
      interfaceRecipe({ nic, anchored: true, relayed: false }, counting),
    ),
  ];
}

/** Is there a host to which an edge sends what stations say to it straight? */
const mayBeRedirected = ({ anchors }: Passer): boolean =>
  anchors.some(({ relays = [] }) =>
    relays.some(({ edge }) => families.some((family) => edge[family] !== undefined)),
  );

function edgeFlows(): readonly Flow[] {
  // An earlier table: `goto_table` does not lead there.
  const on: Then = [[resubmit('edgeTracked')]];
  const list = new FlowList(cookie('defence', 'bridge', 0)).add('count', 0, {}, on);
  for (const { priority, match } of uncountedAtEdge) list.add('count', priority, match, on);
  return list.flows;
}

const interfaceRecipe = (counted: CountedInterface, counting: Counting): BlockRecipe => ({
  key: `defence interface ${counted.nic.number}`,
  inputs: [counted.nic, counted.anchored, counted.relayed, counting.domain],
  flows: () => [...interfaceFlows(counted, counting), ...(counted.relayed ? relayedOn(counted.nic) : [])],
});

/** What is known at a relay address passes by the classes of what comes to the guest's own. */
function relayedOn({ number }: GuestInterface): readonly Flow[] {
  const { priority, match } = uncountedRelayed;
  return new FlowList(cookie('defence', 'relayed', number)).add(
    'count',
    priority,
    { [Register.interface]: number, ...match },
    [[], 'inboundTracked'],
  ).flows;
}

function interfaceFlows(
  { nic, anchored, relayed }: CountedInterface,
  { rules, next, domain }: Counting,
): readonly Flow[] {
  const classes = [...(anchored ? ANCHOR_CLASSES : []), ...(relayed ? RELAYED_CLASSES : [])];
  return classes.flatMap((name) => {
    const rule = rules[name];
    if (rule === undefined) return [];
    const counter = counterNumber(nic.number, numberOfClass(name));
    const list = new FlowList(cookie('defence', 'counter', counter));
    for (const fields of rule.matches) {
      list.add('count', rule.priority, { [Register.interface]: nic.number, ...fields }, [
        [goesOn(rule, nic.number, next), ...sampleActions(rule, counter, domain)],
      ]);
    }
    return list.flows;
  });
}

/**
 * Where a mark is set, conntrack leads on: behind a `ct` that leads nowhere the packet is untracked, and the next table
 * would know nothing of its connection.
 */
function goesOn({ once }: ClassRule, interfaceNumber: number, next: TableName): Action {
  if (once === undefined) return resubmit(next);
  const bit = 1 << once.offset;
  const mark = set('ct_mark', { value: bit, mask: bit });
  return ct({ commit: true, zone: anchorZone(interfaceNumber), exec: [mark], table: next });
}

/** The last of all that is done with the packet: a meter ends whatever comes after it. */
function sampleActions({ sampled }: ClassRule, counter: number, domain: number): Action[] {
  return 'upTo' in sampled
    ? [meter(sampled.upTo), sample(1, domain, counter)]
    : [sample(sampled.oneIn, domain, counter)];
}
