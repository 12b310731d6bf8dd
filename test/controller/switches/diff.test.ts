import { describe, expect, test } from 'vitest';
import { decode, formatFlowMod, Writer } from '../../../controller/openflow/index.ts';
import { against, between, type Difference, isEmpty } from '../../../controller/switches/diff.ts';
import {
  CompiledFlow,
  compileBlock,
  describeFlowMod,
  encodeAdd,
  encodeDelete,
} from '../../../controller/switches/installed.ts';
import { ctState, type Flow, FlowList, output, set } from '../../../controller/switches/flow.ts';
import { cookie, COOKIE_PREFIX_MASK, Table } from '../../../controller/switches/pipeline.ts';
import {
  type Block,
  compile,
  emptyProgram,
  type FlowChange,
  type Program,
  rebase,
  type TracedFlows,
} from '../../../controller/switches/program.ts';
import { flowOf, programOf } from './programs.ts';

const shown = ({ put, remove }: Difference) => ({
  put: put.map((flow) => describeFlowMod(encodeAdd, flow)),
  remove: remove.map((flow) => describeFlowMod(encodeDelete, flow)),
});
const add = (inPort: number, outPort: number) =>
  `ADD priority=100,in_port=${inPort} cookie:0xa7c7010100000001 actions=output:${outPort},goto_table:10`;
const remove = (inPort: number) =>
  `DEL_STRICT priority=100,in_port=${inPort} cookie:0xa7c7010100000001/0xffff000000000000 actions=drop`;

describe('compile', () => {
  test('takes over blocks whose inputs are the same values', () => {
    let derived = 0;
    const recipe = (input: unknown) => ({
      key: 'a',
      inputs: [input, NaN],
      flows: () => {
        derived++;
        return [];
      },
    });
    const input = {};
    const before = compile([recipe(input)]);
    expect(compile([recipe(input)], before).get('a')).toBe(before.get('a'));
    expect(derived).toBe(1);
    expect(compile([recipe({})], before).get('a')).not.toBe(before.get('a'));
    expect(derived).toBe(2);
  });

  test('a block without a recipe is gone', () => {
    const before = programOf({ a: [[1, 2]], b: [[2, 3]] });
    expect([...programOf({ b: [[2, 3]] }, before).keys()]).toEqual(['b']);
  });
});

describe('rebase', () => {
  const from = programOf({ a: [[1, 1]], b: [[2, 1]], c: [[3, 1]] });

  test('applies what differs to something else', () => {
    const to = programOf({ a: [[1, 2]], c: [[3, 1]], d: [[4, 1]] }, from);
    const onto = programOf({ a: [[1, 1]], b: [[2, 1]], c: [[3, 9]], e: [[5, 1]] }, from);
    const result = rebase(from, to, onto);
    expect(new Set(result.keys())).toEqual(new Set(['a', 'c', 'd', 'e']));
    expect(result.get('a')).toBe(to.get('a'));
    expect(result.get('c')).toBe(onto.get('c'));
  });

  test('gives the very target where nothing else has changed', () => {
    const to = programOf({ a: [[1, 2]] }, from);
    expect(rebase(from, to, from)).toBe(to);
  });
});

describe('between two programs', () => {
  test.each([
    ['nothing', { a: [[1, 2]] }, { a: [[1, 2]] }, { put: [], remove: [] }],
    ['a new block', {}, { a: [[1, 2]] }, { put: [add(1, 2)], remove: [] }],
    ['a block less', { a: [[1, 2]] }, {}, { put: [], remove: [remove(1)] }],
    ['a flow that does something else', { a: [[1, 2]] }, { a: [[1, 3]] }, { put: [add(1, 3)], remove: [] }],
    [
      'one flow of several',
      {
        a: [
          [1, 2],
          [2, 2],
        ],
      },
      {
        a: [
          [2, 2],
          [3, 2],
        ],
      },
      { put: [add(3, 2)], remove: [remove(1)] },
    ],
    [
      'a flow that moves to another block',
      { a: [[1, 2]], b: [] },
      { a: [], b: [[1, 2]] },
      { put: [], remove: [] },
    ],
    [
      'one that moves and changes',
      { a: [[1, 2]], b: [] },
      { a: [], b: [[1, 3]] },
      { put: [add(1, 3)], remove: [] },
    ],
  ] as const)('%s', (_, before, after, difference) => {
    const one = programOf(before);
    expect(shown(between(one, programOf(after, one)))).toEqual(difference);
  });

  test('looks at no block that is the same value', () => {
    const before = programOf({ a: [[1, 2]], b: [[2, 2]] });
    const block = before.get('a')!;
    Object.defineProperty(block, 'flows', {
      get: () => {
        throw new Error('looked at');
      },
    });
    expect(shown(between(before, programOf({ a: [[1, 2]], b: [[2, 3]] }, before)))).toEqual({
      put: [add(2, 3)],
      remove: [],
    });
  });
});

describe('a block that knows what is new in it', () => {
  const traced = (change: FlowChange): TracedFlows => ({
    [Symbol.iterator]: () => {
      throw new Error('looked at as a whole');
    },
    since: () => change,
  });
  const programWith = (flows: TracedFlows, ...more: Block[]): Program =>
    new Map(
      [{ key: 'large', inputs: [], flows, meters: [] }, ...more].map((block) => [block.key, block] as const),
    );
  const nothing: FlowChange = { before: [], after: [], fresh: [] };

  test('is not looked at as a whole', () => {
    const change = { before: [flowOf(1, 2), flowOf(2, 2)], after: [flowOf(1, 3)], fresh: [] };
    const difference = between(programWith(traced(nothing)), programWith(traced(change)));
    expect(shown(difference)).toEqual({ put: [add(1, 3)], remove: [remove(2)] });
  });

  test('makes a fresh flow when it is asked for it, once', () => {
    let made = 0;
    const fresh = [
      () => {
        made++;
        return flowOf(1, 2);
      },
    ];
    const difference = between(programWith(traced(nothing)), programWith(traced({ ...nothing, fresh })));
    expect(made).toBe(0);
    expect(shown(difference)).toEqual({ put: [add(1, 2)], remove: [] });
    expect(made).toBe(1);
  });

  test('is asked once for all bridges that make the same step', () => {
    const before = programWith(traced(nothing));
    const after = programWith(traced({ ...nothing, fresh: [() => flowOf(1, 2)] }));
    expect(between(before, after).put[0]).toBe(between(new Map(before), after).put[0]);
  });

  test('puts a fresh flow after the removal of another block’s with its key', () => {
    const other = programOf({ b: [[1, 7]] });
    const before = programWith(traced(nothing), ...other.values());
    const after = programWith(traced({ ...nothing, fresh: [() => flowOf(1, 2)] }));
    expect(shown(between(before, after))).toEqual({ put: [add(1, 2)], remove: [remove(1)] });
  });
});

describe('against a switch', () => {
  /** What a switch reports of a flow: decoded from the flow's own bytes. */
  function reported(flow: Flow, other: Partial<Flow> = {}): CompiledFlow {
    const w = new Writer();
    encodeAdd(w, CompiledFlow.of({ ...flow, ...other }), 0);
    const mod = decode(w.written());
    if (mod.type !== 'flow_mod') throw new Error(mod.type);
    return CompiledFlow.fromSwitch({ ...mod, stats: {} });
  }
  const program = programOf({
    a: [
      [1, 2],
      [2, 2],
    ],
    b: [[3, 2]],
  });
  const flows = [...program.values()].flatMap((block) => [...block.flows]);

  test('the same flows are no difference, in whatever order', () => {
    expect(isEmpty(against(flows.map((flow) => reported(flow)).reverse(), program))).toBe(true);
  });

  test('what is missing is put, what is too much goes', () => {
    expect(shown(against([reported(flows[0]!)], programOf({ b: [[3, 2]] })))).toEqual({
      put: [add(3, 2)],
      remove: [remove(1)],
    });
  });

  test.each([
    ['actions', { actions: [output(7)] }],
    ['next table', { next: undefined }],
    ['cookie', { cookie: cookie('routing', 'interface', 2) }],
    ['hard timeout', { hardTimeout: 5 }],
  ])('a flow with another %s is put again', (_, other) => {
    const [first, ...rest] = flows;
    const difference = against([reported(first!, other), ...rest.map((flow) => reported(flow))], program);
    expect(shown(difference)).toEqual({ put: [add(1, 2)], remove: [] });
  });

  test('the same fields in another order are the same match', () => {
    const list = new FlowList(1n);
    list.add('classify', 1, { in_port: 1, eth_type: 0x800, ip_dst: '10.0.0.1', ...ctState('trk') }, [[]]);
    const [flow] = list.flows;
    const wanted = compile([{ key: 'a', inputs: [], flows: () => list.flows }]);
    expect(isEmpty(against([reported(flow!, { match: [...flow!.match].reverse() })], wanted))).toBe(true);
  });

  test.each([
    ['the high half', { reg0: 5 }],
    ['the low half', { reg1: 5 }],
    ['both halves', { reg0: 5, reg1: 7 }],
    ['a masked half', { reg1: { value: 5, mask: 0xff } }],
  ])('%s of a packet register is matched as registers', (_, fields) => {
    const flow = new FlowList(1n).add('classify', 1, fields, [[set('reg6', 1)]]).flows[0]!;
    const registers = new Map(flow.match.map(({ field, value, mask }) => [field.name, { value, mask }]));
    const word = (name: string) => {
      const { value = 0, mask = registers.has(name) ? 0xffff_ffff : 0 } = registers.get(name) ?? {};
      return { value: BigInt(Number(value)), mask: BigInt(Number(mask)) };
    };
    const [high, low] = [word('reg0'), word('reg1')];
    const pair = new FlowList(1n).add(
      'classify',
      1,
      { xreg0: { value: (high.value << 32n) | low.value, mask: (high.mask << 32n) | low.mask } },
      [[set('reg6', 1)]],
    ).flows[0]!;
    expect(reported(pair).key).toBe(CompiledFlow.of(flow).key);
    expect(reported(pair).body).toBe(CompiledFlow.of(flow).body);
  });
});

describe('a compiled flow', () => {
  test('is encoded as a flow mod that decodes to what was asked for', () => {
    const flow = new FlowList(0xa7c7_0101_0000_0001n).add(
      'binding',
      77,
      { in_port: 4, eth_type: 0x86dd, ipv6_dst: '2001:db8::/64' },
      [[set('eth_dst', '02:00:00:00:00:01'), output(9)], 'deliver'],
      60,
    ).flows[0]!;
    const w = new Writer(16);
    encodeAdd(w, CompiledFlow.of(flow), 0x1234_5678);
    const mod = decode(w.written());
    expect(mod).toMatchObject({
      type: 'flow_mod',
      xid: 0x1234_5678,
      command: 'add',
      cookie: flow.cookie,
      cookieMask: 0n,
      table: Table.binding,
      priority: 77,
      hardTimeout: 60,
      idleTimeout: 0,
      flags: 0,
      importance: 0,
    });
    expect(mod.type === 'flow_mod' && formatFlowMod(mod)).toBe(
      'ADD table:35 priority=77,ipv6,in_port=4,ipv6_dst=2001:db8::/64 cookie:0xa7c7010100000001 hard:60 actions=set_field:02:00:00:00:00:01->eth_dst,output:9,goto_table:40',
    );
  });

  test('is taken away whatever it does, and only if it is ours', () => {
    const flow = compileBlock(programOf({ a: [[1, 2]] }).get('a')!)[0]!;
    const w = new Writer(16);
    encodeDelete(w, flow, 1);
    expect(decode(w.written())).toMatchObject({
      command: 'delete_strict',
      cookie: cookie('routing', 'interface', 1),
      cookieMask: COOKIE_PREFIX_MASK,
      outPort: 0xffff_ffff,
      outGroup: 0xffff_ffff,
      instructions: [],
    });
  });

  test('two with one key in a program: the later one counts', () => {
    const program = programOf({ a: [[1, 2]], b: [[1, 3]] });
    const { put } = against([...program.values()].flatMap(compileBlock).reverse(), program);
    expect(shown({ put, remove: [] }).put.at(-1)).toBe(add(1, 3));
    expect(isEmpty(between(emptyProgram, program))).toBe(false);
  });
});
