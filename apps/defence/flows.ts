/**
 * Defence's flows: who is dropped, and how much of what is new is let in.
 *
 *   uplink ── blocklist (first line) ── … conntrack ──┬─ established ──► to the guest
 *                                                     └─ new ── admission (meter) ── blocklist-new (second line)
 *
 * Established traffic has megaflows of its own, which no source address is part of; packets of random sources
 * end at the meter, in the datapath, before anything looks at their source. So what a flood makes of megaflows and
 * upcalls is bounded by the meter's rate, however many sources are listed, and so is what it makes of connections.
 * While a flood from forged sources is on, networks that clients of the guest have come from have a meter of their own.
 * Between the meter and the second line the packet goes through conntrack once more: that is what splits one
 * megaflow into two.
 *
 * Owns: blocklist, admission, blocklistNew.
 */
import type { Prefix } from '../../controller/network/address.ts';
import {
  type Allowance,
  type Blocklist,
  type Source,
  sourcesOf,
} from '../../controller/network/blocklist.ts';
import type { Resident, SwitchView } from '../../controller/network/bridge-view.ts';
import { policyOf } from '../../controller/network/defence-policy.ts';
import type { AdmissionLimit, GuestInterface, Host, NetworkState } from '../../controller/network/model.ts';
import type { GuestName, SwitchName } from '../../controller/network/names.ts';
import { isRelayedTo } from '../../controller/network/relay.ts';
import type { Action } from '../../controller/openflow/index.ts';
import {
  ct,
  drop,
  type Flow,
  FlowList,
  ip,
  meter,
  TCP,
  TCP_OPENS,
  type Then,
} from '../../controller/switches/flow.ts';
import {
  Admission,
  admissionMeter,
  closedAnchorCookie,
  cookie,
  knownNetworksMeter,
  Register,
  relayedMeter,
  type TableName,
} from '../../controller/switches/pipeline.ts';
import type { BlockRecipe } from '../../controller/switches/program.ts';
import { parseSource } from './aggregate.ts';
import { blocklistRecipes, fromSource } from './blocklist-flows.ts';
import { PrefixIndex } from './prefix-index.ts';

/** Of all that is allowed. */
export const allowedCookie = cookie('defence', 'bridge', 1);

type DefenceState = Pick<NetworkState, 'blocklist' | 'admissionLimits' | 'guests' | 'policies' | 'anchors'>;

export function defenceRecipes(view: SwitchView, state: DefenceState): BlockRecipe[] {
  const recipes: BlockRecipe[] = [
    { key: 'defence bridge', inputs: [view.kind], flows: () => bridgeFlows(view.kind) },
    {
      key: 'defence allowed',
      inputs: [state.blocklist.allowed, state.blocklist.lines.first],
      flows: () => allowedFlows(state.blocklist),
    },
  ];
  if (view.kind === 'host') {
    recipes.push(...view.residents.flatMap(closedRecipe));
    recipes.push(...view.residents.flatMap((resident) => relayedRecipe(resident, view.host, state)));
  }
  for (const nic of admitting(view)) {
    const limit = limitAt(state, nic.guest, view.kind === 'edge' ? view.edge.name : view.host.name);
    const usual = policyOf(state, nic.guest).admission.perSecond;
    recipes.push({
      key: `defence admission ${nic.number}`,
      inputs: [nic.number, limit?.perSecond ?? usual],
      flows: () => admissionFlows(nic),
      meters: [{ meterId: admissionMeter(nic.number), rate: limit?.perSecond ?? usual }],
    });
    const { known = [] } = limit ?? {};
    if (known.length === 0) continue;
    recipes.push({
      key: `defence admission ${nic.number} known`,
      inputs: [nic.number, usual, known],
      flows: () => knownNetworksFlows(nic, known),
      meters: [{ meterId: knownNetworksMeter(nic.number), rate: usual }],
    });
  }
  recipes.push(...blocklistRecipes(state));
  return recipes;
}

/** The interfaces whose new connections from outside begin at this bridge. */
function admitting(view: SwitchView): readonly GuestInterface[] {
  if (view.kind === 'edge') return view.passers.map(({ nic }) => nic);
  return view.residents.flatMap(({ nic, own }) => (own === undefined ? [] : [nic]));
}

/** What holds at this bridge instead of the guest's policy, while a flood is on. */
export function limitAt(
  { admissionLimits }: Pick<NetworkState, 'admissionLimits'>,
  guest: GuestName,
  bridge: SwitchName,
): AdmissionLimit | undefined {
  const limit = admissionLimits.get(guest);
  return limit?.at === undefined || limit.at.has(bridge) ? limit : undefined;
}

function bridgeFlows(kind: SwitchView['kind']): readonly Flow[] {
  const list = new FlowList(cookie('defence', 'bridge', 0))
    .add('blocklist', 0, {}, [[], 'neighbour'])
    .add('blocklistNew', 0, {}, [[], 'binding']);
  if (kind === 'host') list.add('admission', 200, { [Register.admission]: Admission.none }, drop);
  return list.flows;
}

/** What is new to an anchor that is closed is refused by a flow that says whose it is, and counts it. */
function closedRecipe({ nic, own, closed }: Resident): BlockRecipe[] {
  if (own === undefined || !closed) return [];
  const { index } = own;
  const refused = { [Register.interface]: nic.number, [Register.admission]: Admission.none };
  const owner = closedAnchorCookie('defence', nic.number, index);
  return [
    {
      key: `defence closed ${nic.number}`,
      inputs: [nic.number, index],
      flows: () => new FlowList(owner).add('admission', 210, refused, drop).flows,
    },
  ];
}

/**
 * What begins at relay addresses has a meter of its own, of the guest's usual rate: another bridge has admitted it, or somebody
 * has found an address out. After a move connections go on there by what is in mid-stream, so the second line is asked about
 * what opens one alone: it cuts nothing that lives.
 */
function relayedRecipe({ nic, others }: Resident, { name }: Host, state: DefenceState): BlockRecipe[] {
  if (!isRelayedTo(others, name)) return [];
  const meterId = relayedMeter(nic.number);
  const rate = policyOf(state, nic.guest).admission.perSecond;
  return [
    {
      key: `defence relayed ${nic.number}`,
      inputs: [nic.number, rate],
      flows: () => relayedFlows(nic, meterId),
      meters: [{ meterId, rate }],
    },
  ];
}

function relayedFlows({ number }: GuestInterface, meterId: number): readonly Flow[] {
  const list = new FlowList(cookie('defence', 'relayed', number));
  const relayed = { [Register.interface]: number, [Register.admission]: Admission.relayed };
  // Behind the meter through conntrack once more: what it drops is another megaflow's than what is delivered, and counted so.
  const thenTo = (table: TableName): Then => [[meter(meterId), ct({ zone: Register.relayZone, table })]];
  for (const version of [4, 6] as const) {
    const fields = { ...relayed, ...ip[version] };
    list.add('admission', 160, { ...fields, ip_proto: TCP, tcp_flags: TCP_OPENS }, thenTo('blocklistNew'));
    list.add('admission', 150, fields, thenTo('binding'));
  }
  return list.flows;
}

/**
 * What is allowed passes both lines, whatever prefix around it is blocked. In the first a flow costs a flood some megaflows,
 * so there are those alone that pass something by.
 */
function allowedFlows(blocklist: Blocklist): readonly Flow[] {
  const list = new FlowList(allowedCookie);
  const allowances: Iterable<Allowance> = blocklist.allowed.values();
  const first = blocklist.allowed.size === 0 ? [] : [...sourcesOf(blocklist, 'first')];
  const blocked = new PrefixIndex(first.flatMap(([source]) => prefixed(source)));
  for (const { source } of allowances) {
    const isBlocked = prefixed(source).some(({ prefix }) => blocked.overlapping(prefix) !== undefined);
    if (isBlocked) list.add('blocklist', 200, fromSource(source), [[], 'neighbour']);
    list.add('blocklistNew', 200, fromSource(source), [[], 'binding']);
  }
  return list.flows;
}

function prefixed(source: Source): { readonly prefix: Prefix }[] {
  const prefix = parseSource(source);
  return prefix === undefined ? [] : [{ prefix }];
}

function admissionFlows({ number }: GuestInterface): readonly Flow[] {
  const list = new FlowList(cookie('defence', 'interface', number));
  for (const version of [4, 6] as const) {
    list.add('admission', 100, { [Register.interface]: number, ...ip[version] }, [
      admitted(admissionMeter(number)),
    ]);
  }
  return list.flows;
}

/** What comes from there does not compete with the flood. A flow for each network costs the flood some megaflows. */
function knownNetworksFlows({ number }: GuestInterface, known: readonly Source[]): readonly Flow[] {
  const list = new FlowList(cookie('defence', 'interface', number));
  for (const network of known) {
    list.add('admission', 110, { [Register.interface]: number, ...fromSource(network) }, [
      admitted(knownNetworksMeter(number)),
    ]);
  }
  return list.flows;
}

const admitted = (meterId: number): Action[] => [
  meter(meterId),
  ct({ zone: Register.anchorZone, table: 'blocklistNew' }),
];
