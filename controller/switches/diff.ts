/**
 * What has to change on a bridge, from what is there to what should be.
 */
import { type CompiledFlow, compileBlock } from './installed.ts';
import { emptyProgram, type Program } from './program.ts';

export interface Difference {
  /** New flows, and flows that do something else than before. */
  readonly put: readonly CompiledFlow[];
  /** Flows that go, as they are now. */
  readonly remove: readonly CompiledFlow[];
}

export const noDifference: Difference = { put: [], remove: [] };

export function isEmpty(difference: Difference): boolean {
  return difference.put.length === 0 && difference.remove.length === 0;
}

/** Between two programs; looks only into blocks that are not the same value in both. */
export function between(before: Program, after: Program): Difference {
  const gone = flowsOf(before, after);
  const come = flowsOf(after, before);
  return gone.length === 0 ? { put: come, remove: [] } : compare(byKey(gone), come);
}

/** Between what a switch reported and a program. */
export function against(installed: Iterable<CompiledFlow>, program: Program): Difference {
  return compare(byKey(installed), flowsOf(program, emptyProgram));
}

/** The flows of the blocks that are not the same value in `other`. */
function flowsOf(program: Program, other: Program): CompiledFlow[] {
  const flows: CompiledFlow[] = [];
  for (const [key, block] of program) {
    if (other.get(key) === block) continue;
    for (const flow of compileBlock(block)) flows.push(flow);
  }
  return flows;
}

function byKey(flows: Iterable<CompiledFlow>): Map<string, CompiledFlow> {
  const map = new Map<string, CompiledFlow>();
  for (const flow of flows) map.set(flow.key, flow);
  return map;
}

/** Where two flows have the same key, the later one counts, as on a switch. Consumes `before`. */
function compare(before: Map<string, CompiledFlow>, after: readonly CompiledFlow[]): Difference {
  const put: CompiledFlow[] = [];
  for (const flow of after) {
    if (before.get(flow.key)?.body !== flow.body) put.push(flow);
    before.delete(flow.key);
  }
  return { put, remove: [...before.values()] };
}
