/**
 * What a bridge should hold, in blocks: each block is what one app derives from one object. A block whose
 * inputs are the same as before is the same value as before, so that a change costs what it changes.
 */
import type { Flow } from './flow.ts';

/** Packets a second that pass; the rest is dropped. `SHUT` lets none pass. */
export interface MeterRate {
  readonly meterId: number;
  readonly rate: number;
}

/**
 * Flows of a large block that know by themselves what is new in them: a change of a few then costs these few, and
 * not a look at all. Given as a block's flows where each value of the block is made from the one before.
 */
export interface TracedFlows extends Iterable<Flow> {
  /** From an earlier value's flows, or from none, to these; undefined when they are not of the same kind. */
  since(before: Iterable<Flow> | undefined): FlowChange | undefined;
}

export interface FlowChange {
  /** What may have gone or become another: flows as they were, and as they are. Those in both are no change. */
  readonly before: readonly Flow[];
  readonly after: readonly Flow[];
  /** Flows that were not there in any form; each is made when it is its turn to be sent. */
  readonly fresh: readonly (() => Flow)[];
}

export function areTraced(flows: Iterable<Flow>): flows is TracedFlows {
  return 'since' in flows;
}

export interface BlockRecipe {
  /** Unique in its program: app, kind of object, object. */
  readonly key: string;
  /** All that `flows` depends on; compared one by one, by identity. */
  readonly inputs: readonly unknown[];
  /** May be derived one by one when they are asked for, so that a large block need not be held twice. */
  readonly flows: () => Iterable<Flow>;
  /** Meters that the flows refer to, beside those that every bridge has. */
  readonly meters?: readonly MeterRate[];
}

export interface Block {
  readonly key: string;
  readonly inputs: readonly unknown[];
  readonly flows: Iterable<Flow>;
  readonly meters: readonly MeterRate[];
}

export type Program = ReadonlyMap<string, Block>;

export const emptyProgram: Program = new Map();

/** Derives a program, and takes over from `before` every block whose inputs have not changed. */
export function compile(recipes: Iterable<BlockRecipe>, before: Program = emptyProgram): Program {
  const program = new Map<string, Block>();
  for (const recipe of recipes) {
    const old = before.get(recipe.key);
    if (old !== undefined && sameInputs(old.inputs, recipe.inputs)) {
      program.set(recipe.key, old);
    } else {
      const { key, inputs, meters = [] } = recipe;
      program.set(key, { key, inputs, flows: recipe.flows(), meters });
    }
  }
  return program;
}

function sameInputs(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

/** Every meter of the program, and its rate. */
export function metersOf(program: Program): ReadonlyMap<number, number> {
  const meters = new Map<number, number>();
  for (const block of program.values()) {
    for (const { meterId, rate } of block.meters) meters.set(meterId, rate);
  }
  return meters;
}

/** `onto`, with what differs from `from` to `to`, block by block. */
export function rebase(from: Program, to: Program, onto: Program): Program {
  if (from === onto) return to;
  const program = new Map(onto);
  for (const [key, block] of to) if (from.get(key) !== block) program.set(key, block);
  for (const key of from.keys()) if (!to.has(key)) program.delete(key);
  return program;
}
