/**
 * The blocklist's flows from step to step: what a bridge is told of a change leads to what it would be told anew.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blocklistRecipes } from '../../../apps/defence/blocklist-flows.ts';
import type { Blocklist } from '../../../controller/network/blocklist.ts';
import {
  blocked,
  type NewBlock,
  sourcesAdded,
  sourceUnblocked,
  unblocked,
} from '../../../controller/network/blocklist-changes.ts';
import { blocklistChanged } from '../../../controller/network/changes.ts';
import type { NetworkState } from '../../../controller/network/model.ts';
import { between } from '../../../controller/switches/diff.ts';
import { compile, emptyProgram, type Program } from '../../../controller/switches/program.ts';
import { atHome } from '../../controller/network/sites.ts';

const wish: NewBlock = {
  origin: 'list',
  reason: '',
  verdict: undefined,
  guest: undefined,
  createdAt: 0,
  expires: undefined,
};
type Change = (blocklist: Blocklist) => Blocklist;

/** As a switch: by key, what each flow does. Removals come first. */
function follow(held: Map<string, string>, before: Program, after: Program): void {
  const { put, remove } = between(before, after);
  for (const { key } of remove) expect(held.delete(key)).toBe(true);
  for (const { key, body } of put) held.set(key, body);
}

const heldAnew = (program: Program): Map<string, string> => {
  const held = new Map<string, string>();
  follow(
    held,
    emptyProgram,
    compile([...program.values()].map((block) => ({ ...block, flows: () => [...block.flows] }))),
  );
  return held;
};

const derive = (state: NetworkState, before: Program): Program => compile(blocklistRecipes(state), before);

/** Few enough to be neighbours, to fill prefixes, and to be in several blocks. */
const source = fc.oneof(
  { weight: 6, arbitrary: fc.nat(9).map((n) => `198.51.100.${n}`) },
  { weight: 2, arbitrary: fc.constantFrom('198.51.100.0/31', '198.51.100.4/30', '198.51.100.0/24') },
  fc.constantFrom('198.51.0.0/17', '198.51.128.0/17', '192.0.2.7', '203.0.113.0/25', '203.0.113.128/25'),
  fc.constantFrom('2001:db8::1', '2001:db8::', '2001:db8:7::/48', '2001:db8::/32'),
);
const sources = fc.uniqueArray(source, { minLength: 1, maxLength: 6 });
const number = fc.integer({ min: 1, max: 5 });
const change: fc.Arbitrary<Change> = fc.oneof(
  fc
    .tuple(sources, fc.constantFrom('list', 'person'), fc.constantFrom(undefined, undefined, 'web'))
    .map(([some, origin, guest]) => blocked({ ...wish, origin, guest }, some)),
  fc.tuple(number, sources).map(([block, some]) => sourcesAdded(block, some)),
  number.map((block) => unblocked([block])),
  source.map((one) => sourceUnblocked(one)),
);

test('what a bridge is told, step by step, is what it would be told at once', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
      let state = atHome();
      let program = derive(state, emptyProgram);
      const held = new Map<string, string>();
      for (const each of changes) {
        state = blocklistChanged(each)(state);
        const next = derive(state, program);
        follow(held, program, next);
        expect(held).toEqual(heldAnew(next));
        program = next;
      }
    }),
    { numRuns: 200 },
  );
});

test('a source more among many is one flow more, and no other is made', () => {
  const many = Array.from({ length: 5_000 }, (_, i) => `10.${i >> 8}.${i & 255}.1`);
  const state = blocklistChanged(blocked(wish, many))(atHome());
  const before = derive(state, emptyProgram);
  const after = derive(blocklistChanged(sourcesAdded(1, ['203.0.113.7']))(state), before);
  const { put, remove } = between(before, after);
  expect({ put: put.length, remove: remove.length }).toEqual({ put: 1, remove: 0 });
});

test('a neighbour that fills a prefix takes the place of the other’s flow', () => {
  const state = blocklistChanged(blocked(wish, ['203.0.113.6', '192.0.2.1']))(atHome());
  const before = derive(state, emptyProgram);
  const after = derive(blocklistChanged(sourcesAdded(1, ['203.0.113.7']))(state), before);
  const { put, remove } = between(before, after);
  expect({ put: put.length, remove: remove.length }).toEqual({ put: 1, remove: 1 });
});
