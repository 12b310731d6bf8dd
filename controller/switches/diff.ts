/**
 * What has to change on a bridge, from what is there to what should be.
 */
import { type CompiledFlow, compileBlock } from './installed.ts';
import type { Block, Program } from './program.ts';

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
  const gone = new Map<string, CompiledFlow>();
  const come = new Map<string, CompiledFlow>();
  for (const [key, block] of before) if (after.get(key) !== block) collect(block, gone);
  for (const [key, block] of after) if (before.get(key) !== block) collect(block, come);
  return compare(gone, come);
}

/** Between what a switch reported and a program. */
export function against(installed: ReadonlyMap<string, CompiledFlow>, program: Program): Difference {
  return compare(installed, flowsOf(program));
}

export function flowsOf(program: Program): Map<string, CompiledFlow> {
  const flows = new Map<string, CompiledFlow>();
  for (const block of program.values()) collect(block, flows);
  return flows;
}

function collect(block: Block, into: Map<string, CompiledFlow>): void {
  for (const flow of compileBlock(block)) into.set(flow.key, flow);
}

function compare(before: ReadonlyMap<string, CompiledFlow>, after: ReadonlyMap<string, CompiledFlow>): Difference {
  if (before.size === 0) return { put: [...after.values()], remove: [] };
  const put: CompiledFlow[] = [];
  const remove: CompiledFlow[] = [];
  for (const [key, flow] of after) if (before.get(key)?.body !== flow.body) put.push(flow);
  for (const [key, flow] of before) if (!after.has(key)) remove.push(flow);
  return { put, remove };
}
