/**
 * The flows that count a guest's inbound traffic by class, and sample it: a fixed number for each interface, however
 * much there is and wherever it comes from. They decide nothing: whatever was counted goes on as before.
 *
 * What the guest's bridges cannot see is not counted: fragments that never make a packet end in `ct`.
 *
 * Owns: count.
 */
import type { BridgeView, Resident } from '../../controller/network/bridge-view.ts';
import type { Action } from '../../controller/openflow/index.ts';
import { ct, type Flow, FlowList, meter, resubmit, sample, set } from '../../controller/switches/flow.ts';
import { anchorZone, cookie, counterNumber, Register } from '../../controller/switches/pipeline.ts';
import type { BlockRecipe } from '../../controller/switches/program.ts';
import { type ClassRule, classRules, numberOfClass, TRAFFIC_CLASSES } from './traffic-class.ts';

export function countRecipes(view: BridgeView): BlockRecipe[] {
  return [
    {
      key: 'defence count',
      inputs: [],
      flows: () =>
        new FlowList(cookie('defence', 'bridge', 0)).add('count', 0, {}, [[], 'inboundTracked']).flows,
    },
    // Packets are counted where their connection's state is held, and nowhere else.
    ...view.residents
      .filter(({ own }) => own !== undefined)
      .map((resident) => ({
        key: `defence interface ${resident.nic.number}`,
        inputs: [resident.nic, view.host.number],
        flows: () => interfaceFlows(resident, view.host.number),
      })),
  ];
}

function interfaceFlows({ nic }: Resident, host: number): readonly Flow[] {
  return TRAFFIC_CLASSES.flatMap((name) => {
    const counter = counterNumber(nic.number, numberOfClass(name));
    const list = new FlowList(cookie('defence', 'counter', counter));
    const rule = classRules[name];
    for (const fields of rule.matches) {
      list.add('count', rule.priority, { [Register.interface]: nic.number, ...fields }, [
        [...markActions(rule, nic.number), resubmit('inboundTracked'), ...sampleActions(rule, counter, host)],
      ]);
    }
    return list.flows;
  });
}

function markActions({ once }: ClassRule, interfaceNumber: number): Action[] {
  if (once === undefined) return [];
  const bit = 1 << once.offset;
  const mark = set('ct_mark', { value: bit, mask: bit });
  return [ct({ commit: true, zone: anchorZone(interfaceNumber), exec: [mark] })];
}

/** The last of all that is done with the packet: a meter ends whatever comes after it. */
function sampleActions({ sampled }: ClassRule, counter: number, host: number): Action[] {
  return 'upTo' in sampled
    ? [meter(sampled.upTo), sample(1, host, counter)]
    : [sample(sampled.oneIn, host, counter)];
}
