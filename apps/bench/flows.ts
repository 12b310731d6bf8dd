/**
 * Programs of any size for benchmarks, and the same flows as text for `ovs-ofctl`.
 *
 * Each flow matches four fields, one of them a register, and sets a register, outputs and goes on: as most of
 * the pipeline's flows do.
 */
import { flowMod, formatFlow } from '../../controller/openflow/index.ts';
import { type Flow, FlowList, output, set } from '../../controller/switches/flow.ts';
import { instructionsOf } from '../../controller/switches/installed.ts';
import { cookie, Register } from '../../controller/switches/pipeline.ts';
import type { BlockRecipe } from '../../controller/switches/program.ts';

/** `version` is what the flows of the first block do; a change of it changes only that block. */
export function recipes(total: number, perBlock: number, version = 0): BlockRecipe[] {
  return Array.from({ length: total / perBlock }, (_, block) => {
    const what = block === 0 ? version : 0;
    return {
      key: `bench ${block}`,
      inputs: [what],
      flows: () => blockFlows(block, perBlock, what),
    };
  });
}

function blockFlows(block: number, count: number, version: number): readonly Flow[] {
  const list = new FlowList(cookie('routing', 'interface', block));
  for (let i = block * count; i < (block + 1) * count; i++) {
    list.add(
      'inbound',
      100,
      { [Register.interface]: i & 0x7fff, eth_type: 0x0800, ip_dst: address(i), ip_proto: 6 },
      [[set(Register.admission, 1 + version), output(1 + (i & 63))], 'deliver'],
    );
  }
  return list.flows;
}

function address(i: number): string {
  return `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
}

/** As `ovs-ofctl add-flows` reads them, one a line. */
export function asText(flows: Iterable<Flow>): string {
  let text = '';
  for (const flow of flows) {
    const { table, priority, match, cookie } = flow;
    text += `${formatFlow(flowMod({ table, priority, match, cookie, instructions: instructionsOf(flow) }))}\n`;
  }
  return text;
}
