/**
 * What has to change on a bridge, from what is there to what should be.
 *
 * Of a blocklist that is a look at a hundred thousand flows, or a million. So it is done in steps: whoever must not hold
 * the event loop takes them in slices (../slices.ts). Programs never change, so it matters to nobody when a step is taken.
 */
import { atOnce, type Steps } from '../slices.ts';
import { type CompiledFlow, compileBlock, compileChange } from './installed.ts';
import type { Program } from './program.ts';

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
export function* betweenSteps(before: Program, after: Program): Steps<Difference> {
  const gone: CompiledFlow[] = [];
  const come: CompiledFlow[] = [];
  const fresh: CompiledFlow[] = [];
  for (const [key, block] of before) {
    if (after.has(key)) continue;
    append(gone, compileBlock(block));
    yield;
  }
  for (const [key, block] of after) {
    const old = before.get(key);
    if (old === block) continue;
    const change = compileChange(block, old);
    append(gone, change.before);
    append(come, change.after);
    append(fresh, change.fresh);
    yield;
  }
  const { put, remove } =
    gone.length === 0 ? { put: come, remove: [] } : yield* compare(yield* byKey(gone), come);
  // A bundle removes first, so a fresh flow stays, whatever else had its key.
  return { put: append(put, fresh), remove };
}

/** Between what a switch reported and a program. */
export function* againstSteps(installed: Iterable<CompiledFlow>, program: Program): Steps<Difference> {
  const wanted: CompiledFlow[] = [];
  for (const block of program.values()) {
    append(wanted, compileBlock(block));
    yield;
  }
  return yield* compare(yield* byKey(installed), wanted);
}

export const between = (before: Program, after: Program): Difference => atOnce(betweenSteps(before, after));

export const against = (installed: Iterable<CompiledFlow>, program: Program): Difference =>
  atOnce(againstSteps(installed, program));

/** Spreading a long list into arguments would exhaust the stack. */
function append(list: CompiledFlow[], more: readonly CompiledFlow[]): CompiledFlow[] {
  for (const flow of more) list.push(flow);
  return list;
}

/** Flows in a step; to encode one takes some microseconds. */
const STEP = 512;

function* byKey(flows: Iterable<CompiledFlow>): Steps<Map<string, CompiledFlow>> {
  const map = new Map<string, CompiledFlow>();
  let done = 0;
  for (const flow of flows) {
    map.set(flow.key, flow);
    if (++done % STEP === 0) yield;
  }
  return map;
}

/** Where two flows have the same key, the later one counts, as on a switch. Consumes `before`. */
function* compare(
  before: Map<string, CompiledFlow>,
  after: readonly CompiledFlow[],
): Steps<{ put: CompiledFlow[]; remove: CompiledFlow[] }> {
  const put: CompiledFlow[] = [];
  let done = 0;
  for (const flow of after) {
    if (before.get(flow.key)?.body !== flow.body) put.push(flow);
    before.delete(flow.key);
    if (++done % STEP === 0) yield;
  }
  return { put, remove: [...before.values()] };
}
