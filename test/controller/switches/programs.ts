/** Small programs for tests. */
import { flowMod, match } from '../../../controller/openflow/index.ts';
import { type Flow, FlowList, output } from '../../../controller/switches/flow.ts';
import { instructionsOf } from '../../../controller/switches/installed.ts';
import { cookie } from '../../../controller/switches/pipeline.ts';
import { compile, type Program } from '../../../controller/switches/program.ts';

/** By block: in_port of each flow, and the port that it outputs to. */
export type Blocks = Readonly<Record<string, readonly (readonly [inPort: number, outPort: number])[]>>;

/** A block that has the same contents as in `before` is the same value. */
export function programOf(blocks: Blocks, before?: Program): Program {
  return compile(
    Object.entries(blocks).map(([key, flows]) => ({
      key,
      inputs: flows.flat(),
      flows: () => flows.map(([inPort, outPort]) => flowOf(inPort, outPort)),
    })),
    before,
  );
}

export function flowOf(inPort: number, outPort: number): Flow {
  const list = new FlowList(cookie('routing', 'interface', 1));
  return list.add('classify', 100, { in_port: inPort }, [[output(outPort)], 'blocklist']).flows[0]!;
}

/** The flow as somebody else would put it there. */
export function foreignFlow(inPort: number) {
  return flowMod({ cookie: 0x1234n, match: match({ in_port: inPort }) });
}

/** The flow as a mod of its own. */
export function asMod(flow: Flow) {
  const { table, priority, match, cookie: owner } = flow;
  return flowMod({ table, priority, match, cookie: owner, instructions: instructionsOf(flow) });
}
