import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventLoop, switches as limits } from '../../../controller/limits.ts';
import type { FlowMod } from '../../../controller/openflow/index.ts';
import { OPEN, SHUT } from '../../../controller/switches/pipeline.ts';
import { compile, emptyProgram, type Program } from '../../../controller/switches/program.ts';
import { type ReadBack, Reconciler } from '../../../controller/switches/reconciler.ts';
import { ManualClock } from '../libvirt/manual-clock.ts';
import { type FakeSwitch, type Pair, quiet, type Script, until, Wire } from './fake-switch.ts';
import { asMod, type Blocks, flowOf, foreignFlow, programOf } from './programs.ts';

let wire: Wire;
let clock: ManualClock;
let reconciler: Reconciler;
let errors: Error[];
/** What the switch keeps over connections. */
let flows: Map<string, FlowMod>;

beforeEach(async () => {
  wire = await Wire.lay();
  clock = new ManualClock();
  errors = [];
  reconciler = new Reconciler(clock, (error) => errors.push(error));
  flows = new Map();
});
afterEach(async () => {
  reconciler.detach();
  await wire.cut();
});

async function attach(
  program: Program,
  script: Script = {},
): Promise<Pair & { readonly readBack: ReadBack }> {
  const pair = await connect(script);
  const readBack = await reconciler.attach(await pair.session, () => reconciler.setProgram(program));
  return { ...pair, readBack };
}

async function connect(script: Script = {}): Promise<Pair> {
  const pair = await wire.connect(clock, script, flows);
  await pair.session;
  return pair;
}

/** in_port and out port of each of our flows on the switch. */
function installed(): [number, number][] {
  return [...flows.values()]
    .filter(({ cookie }) => cookie >> 48n === 0xa7c7n)
    .map(({ match, instructions }): [number, number] => {
      const [first] = instructions;
      const action = first?.type === 'apply_actions' ? first.actions[0] : undefined;
      return [Number(match[0]!.value), action?.type === 'output' ? action.port : NaN];
    })
    .sort(([a], [b]) => a - b);
}

const modsOf = (fake: FakeSwitch): number => fake.all('bundle_add_message').length;
const bundlesOf = (fake: FakeSwitch): number => fake.controls.filter((one) => one === 'open_request').length;

const commitsOf = (fake: FakeSwitch): number =>
  fake.controls.filter((one) => one === 'commit_request').length;

/** Lets time pass in steps in which a switch can answer that it lives. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    clock.advance(Math.min(left, 1_000));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function program(blocks: Blocks): Program {
  return programOf(blocks, reconciler.wanted);
}

describe('read-back', () => {
  test('an empty bridge gets everything', async () => {
    const { readBack } = await attach(program({ a: [[1, 2]], b: [[2, 2]] }));
    expect(readBack).toEqual({ found: 0, repaired: 2 });
    expect(installed()).toEqual([
      [1, 2],
      [2, 2],
    ]);
  });

  test('what is right is left alone', async () => {
    const wanted = program({
      a: [[1, 2]],
      b: [
        [2, 2],
        [3, 3],
      ],
    });
    for (const { flows: list } of wanted.values())
      for (const flow of list) flows.set(`${flow.match[0]!.value as number}`, asMod(flow));
    const { readBack, fake } = await attach(wanted, { flowsPerPart: 1 });
    expect(readBack).toEqual({ found: 3, repaired: 0 });
    expect(fake.all('bundle_control')).toHaveLength(0);
  });

  test('what is missing, wrong or too much is repaired', async () => {
    const { fake } = await attach(
      program({
        a: [
          [1, 2],
          [2, 2],
          [3, 2],
        ],
      }),
    );
    fake.socket.destroy();
    reconciler.detach();
    for (const [key, mod] of flows) if (mod.match[0]!.value === 1) flows.delete(key);
    for (const mod of [flowOf(2, 9), flowOf(4, 4)].map(asMod)) fake.apply(mod);
    expect(installed()).toEqual([
      [2, 9],
      [3, 2],
      [4, 4],
    ]);
    const { readBack } = await attach(reconciler.wanted);
    expect(readBack).toEqual({ found: 3, repaired: 3 });
    expect(installed()).toEqual([
      [1, 2],
      [2, 2],
      [3, 2],
    ]);
  });

  test('foreign flows are not touched', async () => {
    const pair = await connect();
    pair.fake.apply(foreignFlow(1));
    const session = await pair.session;
    await reconciler.attach(session, (found) => {
      expect(found).toBe(0);
      reconciler.setProgram(program({ a: [[2, 2]] }));
    });
    reconciler.setProgram(emptyProgram);
    await reconciler.settled();
    expect([...flows.values()]).toMatchObject([{ cookie: 0x1234n }]);
  });

  test('is given up when the session ends, and begun anew with the next one', async () => {
    const pair = await connect({ mute: ({ type }) => type === 'flow_desc_request' });
    const attached = reconciler.attach(await pair.session, () =>
      reconciler.setProgram(program({ a: [[1, 1]] })),
    );
    attached.catch(() => undefined);
    await until('it is asked', () => pair.fake.all('flow_desc_request').length === 1);
    const { readBack } = await attach(program({ a: [[1, 2]] }));
    await expect(attached).rejects.toMatchObject({ code: 'SWITCH_CLOSED' });
    expect(readBack).toEqual({ found: 0, repaired: 1 });
    pair.fake.socket.destroy();
    await quiet();
    expect(errors).toEqual([]);
    expect(installed()).toEqual([[1, 2]]);
  });
});

describe('changes', () => {
  test('cost what they change', async () => {
    const { fake } = await attach(
      program({
        a: [
          [1, 1],
          [2, 1],
        ],
        b: [[3, 1]],
      }),
    );
    expect(modsOf(fake)).toBe(3);
    reconciler.setProgram(
      program({
        a: [
          [1, 1],
          [2, 2],
        ],
        b: [[3, 1]],
      }),
    );
    await reconciler.settled();
    expect(modsOf(fake)).toBe(4);
    expect(installed()).toEqual([
      [1, 1],
      [2, 2],
      [3, 1],
    ]);
  });

  test('the same program again costs nothing', async () => {
    const { fake } = await attach(program({ a: [[1, 1]] }));
    reconciler.setProgram(program({ a: [[1, 1]] }));
    await reconciler.settled();
    expect(bundlesOf(fake)).toBe(1);
  });

  test('made while one is on its way follow together', async () => {
    const { fake } = await attach(program({ a: [[1, 1]] }));
    for (let port = 2; port < 10; port++) reconciler.setProgram(program({ a: [[1, port]] }));
    await reconciler.settled();
    expect(installed()).toEqual([[1, 9]]);
    expect(bundlesOf(fake)).toBe(3);
  });

  test('made during the first repair lose nothing', async () => {
    const pair = await connect({ mute: ({ type }) => type === 'barrier_request' });
    const { fake } = pair;
    fake.script = {};
    const attached = reconciler.attach(await pair.session, () =>
      reconciler.setProgram(program({ a: [[1, 1]], b: [[2, 1]] })),
    );
    await until('the repair is on its way', () => bundlesOf(fake) === 1);
    reconciler.setProgram(program({ b: [[2, 1]] }));
    await attached;
    await reconciler.settled();
    expect(installed()).toEqual([[2, 1]]);
  });

  test('made while the bridge is away are made good', async () => {
    const { fake } = await attach(program({ a: [[1, 1]] }));
    fake.socket.destroy();
    reconciler.detach();
    reconciler.setProgram(program({ a: [[1, 2]] }));
    await reconciler.settled();
    expect(installed()).toEqual([[1, 1]]);
    await attach(reconciler.wanted);
    expect(installed()).toEqual([[1, 2]]);
  });
});

describe('after a refusal', () => {
  const refuse =
    (inPort: number): NonNullable<Script['refuse']> =>
    ({ match }) =>
      match[0]!.value === inPort ? 'OFPBAC_BAD_OUT_PORT' : undefined;

  test('the bridge is read back and repaired after a while, and never before', async () => {
    const { fake } = await attach(program({ a: [[1, 1]] }));
    fake.script = { refuse: refuse(2) };
    reconciler.setProgram(program({ a: [[1, 5]], b: [[2, 1]] }));
    await reconciler.settled();
    expect(errors).toMatchObject([{ code: 'SWITCH_BUNDLE_REFUSED' }]);
    expect(installed()).toEqual([[1, 1]]);
    fake.script = {};

    clock.advance(limits.repairDelay - 1);
    await quiet();
    expect(installed()).toEqual([[1, 1]]);
    expect(fake.all('flow_desc_request')).toHaveLength(1);
    clock.advance(1);
    await reconciler.settled();
    expect(fake.all('flow_desc_request')).toHaveLength(2);
    expect(installed()).toEqual([
      [1, 5],
      [2, 1],
    ]);
    expect(errors).toHaveLength(1);
  });

  test('attempts become rarer, up to a limit', async () => {
    const { fake } = await attach(emptyProgram);
    fake.script = { refuse: refuse(2) };
    reconciler.setProgram(program({ b: [[2, 1]] }));
    await reconciler.settled();
    let delay: number = limits.repairDelay;
    for (let attempt = 2; attempt < 9; attempt++) {
      await pass(delay - 1);
      await reconciler.settled();
      expect(errors).toHaveLength(attempt - 1);
      clock.advance(1);
      await reconciler.settled();
      expect(errors).toHaveLength(attempt);
      delay = Math.min(2 * delay, limits.repairDelayMaximum);
    }
    expect(delay).toBe(limits.repairDelayMaximum);
  });

  test('another program is tried after the first delay', async () => {
    const { fake } = await attach(emptyProgram);
    fake.script = { refuse: refuse(2) };
    reconciler.setProgram(program({ b: [[2, 1]] }));
    await reconciler.settled();
    clock.advance(limits.repairDelay);
    await reconciler.settled();
    expect(errors).toHaveLength(2);
    reconciler.setProgram(program({ b: [[3, 1]] }));
    await reconciler.settled();
    expect(installed()).toEqual([]);
    clock.advance(limits.repairDelay);
    await reconciler.settled();
    expect(installed()).toEqual([[3, 1]]);
  });

  test('of the first repair, attach goes on until it succeeds', async () => {
    const pair = await connect({ refuse: refuse(2) });
    let found: number | undefined;
    let readBack: ReadBack | undefined;
    const attached = reconciler
      .attach(await pair.session, (count) => {
        expect(found).toBeUndefined();
        found = count;
        reconciler.setProgram(program({ b: [[2, 1]] }));
      })
      .then((result) => (readBack = result));
    await until('it is refused', () => errors.length === 1);
    expect(readBack).toBeUndefined();
    pair.fake.script = {};
    clock.advance(limits.repairDelay);
    await attached;
    expect(readBack).toEqual({ found: 0, repaired: 1 });
  });

  test('a session that ends is not tried any more, told of or not', async () => {
    const { fake, session } = await attach(emptyProgram);
    (await session).close();
    reconciler.setProgram(program({ b: [[2, 1]] }));
    await reconciler.settled();
    expect(fake.all('bundle_control')).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('nothing is tried once the session is over', async () => {
    const { fake } = await attach(emptyProgram);
    fake.script = { refuse: refuse(2) };
    reconciler.setProgram(program({ b: [[2, 1]] }));
    await reconciler.settled();
    const asked = fake.received.length;
    reconciler.detach();
    clock.advance(limits.repairDelay);
    await reconciler.settled();
    expect(
      fake.received.slice(asked).filter(({ type }) => type !== 'bundle_control' && type !== 'echo_request'),
    ).toEqual([]);
  });
});

/** One block with a flow, and meters. */
function metered(rates: Readonly<Record<number, number>>): Program {
  const meters = Object.entries(rates).map(([meterId, rate]) => ({ meterId: Number(meterId), rate }));
  return compile([{ key: 'metered', inputs: [meters], flows: () => [flowOf(1, 2)], meters }]);
}

describe('a meter that nothing refers to any more', () => {
  const METER = 0x8101;

  async function expectToGoInTime(fake: FakeSwitch): Promise<void> {
    await pass(limits.idleMeterLife - 1);
    await reconciler.settled();
    expect(fake.meters.has(METER)).toBe(true);
    await pass(1);
    await reconciler.settled();
    expect(fake.meters.has(METER)).toBe(false);
  }

  test('stays while megaflows may send packets through it, then goes', async () => {
    const { fake } = await attach(metered({ [METER]: SHUT }));
    reconciler.setProgram(emptyProgram);
    await reconciler.settled();
    expect(fake.flows.size).toBe(0);
    await expectToGoInTime(fake);
  });

  test('stays when it is wanted again meanwhile, and goes as long after that', async () => {
    const { fake } = await attach(metered({ [METER]: SHUT }));
    reconciler.setProgram(emptyProgram);
    await reconciler.settled();
    await pass(limits.idleMeterLife - 1);
    reconciler.setProgram(metered({ [METER]: OPEN }));
    await reconciler.settled();
    await pass(limits.idleMeterLife);
    await reconciler.settled();
    expect(fake.meters.get(METER)?.bands).toMatchObject([{ rate: OPEN }]);
    reconciler.setProgram(emptyProgram);
    await reconciler.settled();
    await expectToGoInTime(fake);
  });

  test('of an earlier session goes, too', async () => {
    const { fake } = await attach(metered({ [METER]: SHUT }));
    fake.socket.destroy();
    reconciler.detach();
    reconciler.setProgram(emptyProgram);
    const again = await attach(emptyProgram, { meters: fake.meters });
    expect(again.fake.meters.has(METER)).toBe(true);
    await pass(limits.idleMeterLife);
    await reconciler.settled();
    expect(again.fake.meters.has(METER)).toBe(false);
  });
});

describe('a meter that is turned', () => {
  const [first, second] = [0x8101, 0xc101];
  const rateOf = (fake: FakeSwitch, meterId: number): number | undefined => {
    const band = fake.meters.get(meterId)?.bands[0];
    if (band?.type !== 'drop') return undefined;
    return band.burstSize === 1 ? SHUT : band.rate;
  };

  test('is turned before the commit of what is staged', async () => {
    const { fake } = await attach(metered({ [first]: OPEN, [second]: SHUT }));
    expect([rateOf(fake, first), rateOf(fake, second)]).toEqual([OPEN, SHUT]);
    const staged = await reconciler.stage(programOf({ other: [[3, 4]] }));
    const turned = reconciler.turn(
      new Map([
        [first, SHUT],
        [second, OPEN],
      ]),
    );
    const committed = staged.commit();
    expect(await turned).toBe(true);
    expect([rateOf(fake, first), rateOf(fake, second)]).toEqual([SHUT, OPEN]);
    expect(await committed).toBe(true);
    const order = fake.received.map(({ type }) => type);
    expect(order.lastIndexOf('meter_mod')).toBeLessThan(order.lastIndexOf('bundle_control'));
  });

  test('that leaks is told of, and the switch is known for it', async () => {
    await attach(metered({ [first]: SHUT }), { leaks: true });
    expect(reconciler.leaking).toBe(true);
    expect(errors.map((error) => error.message)).toEqual([
      expect.stringContaining('should hold everything back'),
    ]);
    reconciler.detach();
    await attach(metered({ [first]: SHUT }));
    expect(reconciler.leaking).toBe(false);
  });

  test('lets out the one packet that a shut one begins with, each time it is shut', async () => {
    const { fake } = await attach(metered({ [first]: SHUT }));
    const frames = (): number => fake.all('packet_out').length;
    expect(fake.all('packet_out')[0]!.actions).toEqual([{ type: 'meter', meterId: first }]);
    const [mod, frame] = ['meter_mod', 'packet_out'].map((type) =>
      fake.received.findLastIndex((message) => message.type === type),
    );
    expect(mod).toBeLessThan(frame!);
    const before = frames();
    await reconciler.turn(new Map([[first, OPEN]]));
    expect(frames()).toBe(before);
    await reconciler.turn(new Map([[first, SHUT]]));
    expect(frames()).toBe(before + 1);
  });

  test('stays so whatever else changes, and in the next session', async () => {
    const { fake } = await attach(metered({ [first]: SHUT }));
    await reconciler.turn(new Map([[first, OPEN]]));
    reconciler.setProgram(metered({ [first]: SHUT, [second]: SHUT }));
    await reconciler.settled();
    expect([rateOf(fake, first), rateOf(fake, second)]).toEqual([OPEN, SHUT]);
    fake.socket.destroy();
    reconciler.detach();
    const again = await attach(reconciler.wanted);
    expect([rateOf(again.fake, first), rateOf(again.fake, second)]).toEqual([OPEN, SHUT]);
  });

  test('begins as the program says when it is wanted again', async () => {
    const { fake } = await attach(metered({ [first]: SHUT }));
    await reconciler.turn(new Map([[first, OPEN]]));
    reconciler.setProgram(emptyProgram);
    reconciler.setProgram(metered({ [first]: SHUT }));
    await reconciler.settled();
    expect(rateOf(fake, first)).toBe(SHUT);
  });

  test('is none of a program that does not name it', async () => {
    await attach(metered({ [first]: SHUT }));
    expect(reconciler.turn(new Map([[second, OPEN]]))).toBeUndefined();
  });
});

describe('a staged switchover', () => {
  const before: Blocks = { guest: [[1, 1]], other: [[2, 1]] };
  const after: Blocks = { guest: [[1, 7]], other: [[2, 1]] };

  test('waits in the switch, and the commit is all that travels', async () => {
    const { fake, ours } = await attach(program(before));
    const staged = await reconciler.stage(program(after));
    expect(installed()).toEqual([
      [1, 1],
      [2, 1],
    ]);
    const mods = modsOf(fake);
    const bytes = ours.bytesWritten;
    const committed = staged.commit();
    expect(ours.bytesWritten - bytes).toBe(16);
    expect(await committed).toBe(true);
    expect(installed()).toEqual([
      [1, 7],
      [2, 1],
    ]);
    expect(modsOf(fake)).toBe(mods);

    reconciler.setProgram(program(after));
    await reconciler.settled();
    expect(bundlesOf(fake)).toBe(2);
  });

  test('given up, leaves no trace', async () => {
    const { fake } = await attach(program(before));
    const staged = await reconciler.stage(program(after));
    staged.discard();
    await until('the switch is told', () => fake.controls.includes('discard_request'));
    staged.discard();
    expect(installed()).toEqual([
      [1, 1],
      [2, 1],
    ]);
    reconciler.setProgram(program(before));
    await reconciler.settled();
    expect(bundlesOf(fake)).toBe(2);
  });

  test('other changes go around it, and last', async () => {
    const { fake } = await attach(program(before));
    const staged = await reconciler.stage(program(after));
    reconciler.setProgram(program({ ...before, other: [[2, 9]], third: [[3, 3]] }));
    await reconciler.settled();
    expect(installed()).toEqual([
      [1, 1],
      [2, 9],
      [3, 3],
    ]);
    expect(fake.controls).not.toContain('discard_request');
    await staged.commit();
    expect(installed()).toEqual([
      [1, 7],
      [2, 9],
      [3, 3],
    ]);
    expect(bundlesOf(fake)).toBe(3);
    expect([...reconciler.wanted.keys()].sort()).toEqual(['guest', 'other', 'third']);
    await reconciler.settled();
    expect(installed()).toEqual([
      [1, 7],
      [2, 9],
      [3, 3],
    ]);
  });

  test('a change under way does not hold the commit up', async () => {
    const { fake } = await attach(program(before));
    const staged = await reconciler.stage(program(after));
    fake.script = { mute: ({ type }) => type === 'barrier_request' };
    reconciler.setProgram(program({ ...before, third: [[3, 3]] }));
    await until('it is under way', () => fake.all('barrier_request').length > 0 && modsOf(fake) === 4);
    const barrier = fake.all('barrier_request').at(-1)!;
    const committed = staged.commit();
    await until('the commit takes effect', () =>
      installed().some(([inPort, outPort]) => inPort === 1 && outPort === 7),
    );
    expect(installed()).toEqual([
      [1, 7],
      [2, 1],
    ]);
    fake.script = {};
    expect(await committed).toBe(true);
    fake.send({ type: 'barrier_reply' }, barrier.xid);
    await reconciler.settled();
    expect(installed()).toEqual([
      [1, 7],
      [2, 1],
      [3, 3],
    ]);
    expect(errors).toEqual([]);
  });

  test('committed while a long difference is looked for, it counts, and nothing older is sent after it', async () => {
    let now = 0;
    // Each look at this clock ends a slice.
    const late = { now: () => (now += eventLoop.slice), after: clock.after.bind(clock) };
    reconciler = new Reconciler(late, (error) => errors.push(error));
    const { fake } = await attach(program(before));
    const staged = await reconciler.stage(program(after));
    const mods = modsOf(fake);
    reconciler.setProgram(program({ ...before, guest: [[1, 5]] }));
    expect(await staged.commit()).toBe(true);
    await reconciler.settled();
    expect(installed()).toEqual([
      [1, 7],
      [2, 1],
    ]);
    expect(modsOf(fake)).toBe(mods);
    expect(errors).toEqual([]);
  });

  test.each([
    [
      'its flows',
      { guest: [[1, 5]], other: [[2, 1]] },
      [
        [1, 7],
        [2, 1],
      ],
    ],
    [
      'its block',
      {
        guest: [
          [1, 1],
          [4, 4],
        ],
        other: [[2, 1]],
      },
      [
        [1, 7],
        [2, 1],
      ],
    ],
  ] as const)('a change that touches %s voids it, and it is sent as a whole', async (_, touching, result) => {
    const { fake } = await attach(program(before));
    const staged = await reconciler.stage(program(after));
    reconciler.setProgram(program(touching));
    await reconciler.settled();
    await until('it is void', () => fake.controls.includes('discard_request'));
    expect(await staged.commit()).toBe(true);
    expect(installed()).toEqual(result);
    expect(errors).toEqual([]);
  });

  test('a change that touches it while it is being prepared voids it, too', async () => {
    const { fake } = await attach(program(before));
    fake.script = { mute: ({ type }) => type === 'barrier_request' };
    const asked = fake.all('barrier_request').length;
    const staging = reconciler.stage(program(after));
    await until('it is being prepared', () => fake.all('barrier_request').length === asked + 1);
    const barrier = fake.all('barrier_request').at(-1)!;
    fake.script = {};
    reconciler.setProgram(program({ ...before, guest: [[1, 5]] }));
    await reconciler.settled();
    fake.send({ type: 'barrier_reply' }, barrier.xid);
    const staged = await staging;
    expect(installed()).toEqual([
      [1, 5],
      [2, 1],
    ]);
    await until('it is void', () => fake.controls.includes('discard_request'));
    await staged.commit();
    expect(installed()).toEqual([
      [1, 7],
      [2, 1],
    ]);
  });

  test('two at once are committed each by its own', async () => {
    const { fake } = await attach(program(before));
    const first = await reconciler.stage(program({ ...before, guest: [[1, 7]] }));
    const second = await reconciler.stage(program({ ...before, other: [[2, 7]] }));
    const mods = modsOf(fake);
    await Promise.all([second.commit(), first.commit()]);
    expect(installed()).toEqual([
      [1, 7],
      [2, 7],
    ]);
    expect(modsOf(fake)).toBe(mods);
    expect(commitsOf(fake)).toBe(3);
  });

  test('one that the switch refuses says so, and changes nothing', async () => {
    const { fake } = await attach(program(before));
    fake.script = { refuse: () => 'OFPFMFC_TABLE_FULL' };
    await expect(reconciler.stage(program(after))).rejects.toMatchObject({ code: 'SWITCH_BUNDLE_REFUSED' });
    expect(installed()).toEqual([
      [1, 1],
      [2, 1],
    ]);
    fake.script = {};
    reconciler.setProgram(program({ ...before, third: [[3, 3]] }));
    await reconciler.settled();
    expect(installed()).toEqual([
      [1, 1],
      [2, 1],
      [3, 3],
    ]);
    expect(errors).toEqual([]);
  });

  test('committed after the session ended, it comes with the next one', async () => {
    const { fake } = await attach(program(before));
    const staged = await reconciler.stage(program(after));
    fake.socket.destroy();
    reconciler.detach();
    expect(await staged.commit()).toBe(false);
    expect(installed()).toEqual([
      [1, 1],
      [2, 1],
    ]);
    const { readBack } = await attach(reconciler.wanted);
    expect(readBack).toEqual({ found: 2, repaired: 1 });
    expect(installed()).toEqual([
      [1, 7],
      [2, 1],
    ]);
  });

  test('a commit that is lost is made good by the next session', async () => {
    const { fake } = await attach(program(before));
    const staged = await reconciler.stage(program(after));
    fake.script = { mute: ({ type }) => type === 'bundle_control' };
    const committed = staged.commit();
    await until('it is sent', () => commitsOf(fake) === 2);
    fake.socket.destroy();
    expect(await committed).toBe(false);
    expect(errors).toHaveLength(1);
    await attach(reconciler.wanted);
    expect(installed()).toEqual([
      [1, 7],
      [2, 1],
    ]);
  });

  test('a commit that the switch refuses is repaired', async () => {
    const { fake } = await attach(program(before));
    const staged = await reconciler.stage(program(after));
    fake.script = { mute: ({ type }) => type === 'bundle_control' };
    const committed = staged.commit();
    await until('it is sent', () => commitsOf(fake) === 2);
    fake.script = {};
    fake.send(
      { type: 'error', error: 'OFPBFC_MSG_FAILED', data: new Uint8Array(0) },
      fake.all('bundle_control').at(-1)!.xid,
    );
    expect(await committed).toBe(false);
    expect(errors).toMatchObject([{ code: 'SWITCH_REFUSED' }]);
    clock.advance(limits.repairDelay);
    await reconciler.settled();
    expect(installed()).toEqual([
      [1, 7],
      [2, 1],
    ]);
  });

  test('with nothing to change, commits without a word', async () => {
    const { fake } = await attach(program(before));
    const staged = await reconciler.stage(program(before));
    const count = fake.received.length;
    expect(await staged.commit()).toBe(true);
    expect(fake.received).toHaveLength(count);
  });
});
