/** The reconciler and a real Open vSwitch: what is sent is what the switch then reports. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { recipes } from '../../../apps/recipes.ts';
import { systemClock } from '../../../controller/clock.ts';
import { bridgeView } from '../../../controller/network/bridge-view.ts';
import type { NetworkState } from '../../../controller/network/model.ts';
import type { HostName } from '../../../controller/network/names.ts';
import { FlowList, output } from '../../../controller/switches/flow.ts';
import { cookie } from '../../../controller/switches/pipeline.ts';
import {
  type BlockRecipe,
  compile,
  emptyProgram,
  type Program,
} from '../../../controller/switches/program.ts';
import { type ReadBack, Reconciler } from '../../../controller/switches/reconciler.ts';
import { BridgeSessions, OpenVSwitch } from '../support/open-vswitch.ts';
import { network } from './network.ts';

const BRIDGE = 'br-int';
let ovs: OpenVSwitch;
let sessions: BridgeSessions;
let reconciler: Reconciler;
let errors: Error[];

beforeAll(async () => {
  ovs = await OpenVSwitch.start();
  sessions = await BridgeSessions.listen(ovs);
  await ovs.addBridge(BRIDGE);
});
afterAll(async () => {
  sessions.close();
  await ovs.stop();
});
beforeEach(async () => {
  await ovs.ofctl(['del-flows'], BRIDGE);
  errors = [];
  reconciler = new Reconciler(systemClock, (error) => errors.push(error));
});
afterEach(() => reconciler.detach());

async function attach(program: Program, one = reconciler): Promise<ReadBack> {
  return one.attach(await sessions.current(), () => one.setProgram(program));
}

/** What somebody who knows nothing of it finds to repair. */
async function readBack(program: Program): Promise<ReadBack> {
  const other = new Reconciler(systemClock, (error) => errors.push(error));
  try {
    return await attach(program, other);
  } finally {
    other.detach();
  }
}

async function dump(): Promise<string[]> {
  const text = await ovs.ofctl(['--no-stats', 'dump-flows'], BRIDGE);
  return text.split('\n').filter((line) => line.includes('actions='));
}

function programFor(host: HostName, state: NetworkState, before?: Program): Program {
  const view = bridgeView(state, host);
  if (view === undefined) throw new Error(`no bridge of ${host}`);
  return compile(recipes(view, state), before);
}

function sizeOf(program: Program): number {
  return [...program.values()].reduce((sum, { flows }) => sum + [...flows].length, 0);
}

/** `inPort` to `outPort`, in a block of its own. */
function block(inPort: number, outPort: number): BlockRecipe {
  return {
    key: `test ${inPort}`,
    inputs: [outPort],
    flows: () =>
      new FlowList(cookie('routing', 'interface', inPort)).add('classify', 100, { in_port: inPort }, [
        [output(outPort)],
      ]).flows,
  };
}

describe.each([
  ['west', 'west', { grace: false }],
  ['west', 'west', { grace: true }],
  ['west', 'east', { grace: false }],
  ['east', 'east', { grace: false }],
  ['east', 'west', { grace: false }],
] as const)("all apps' flows for %s, the guest being in %s, %j", (host, at, options) => {
  test('are taken, and reported as they were sent', async () => {
    const program = programFor(host, network(at, options));
    const size = sizeOf(program);
    expect(await attach(program)).toEqual({ found: 0, repaired: size });
    expect(errors).toEqual([]);
    expect(await dump()).toHaveLength(size);
    expect(await readBack(program)).toEqual({ found: size, repaired: 0 });
  });
});

test('a guest that moves changes what it must, and moves back', async () => {
  const home = programFor('west', network('west'));
  await attach(home);
  const atHome = await dump();
  const away = programFor('west', network('east'), home);
  reconciler.setProgram(away);
  await reconciler.settled();
  expect(await readBack(away)).toEqual({ found: sizeOf(away), repaired: 0 });
  reconciler.setProgram(programFor('west', network('west'), away));
  await reconciler.settled();
  expect(new Set(await dump())).toEqual(new Set(atHome));
  expect(errors).toEqual([]);
});

test('flows of somebody else are neither seen nor touched', async () => {
  await ovs.ofctl(['add-flow'], BRIDGE, 'cookie=0x5,table=0,priority=9,in_port=9,actions=drop');
  expect(await attach(compile([block(1, 2)]))).toEqual({ found: 0, repaired: 1 });
  reconciler.setProgram(emptyProgram);
  await reconciler.settled();
  expect(await dump()).toEqual([expect.stringContaining('cookie=0x5,')]);
});

test('what somebody changed is repaired by the next read-back', async () => {
  const program = compile([block(1, 2), block(3, 4), block(5, 6)]);
  await attach(program);
  await ovs.ofctl(['del-flows'], BRIDGE, 'in_port=1');
  await ovs.ofctl(['mod-flows'], BRIDGE, 'in_port=3,actions=drop');
  await ovs.ofctl(['add-flow'], BRIDGE, 'cookie=0xa7c7010100000009,in_port=9,actions=drop');
  expect(await readBack(program)).toEqual({ found: 3, repaired: 3 });
  expect(await readBack(program)).toEqual({ found: 3, repaired: 0 });
});

test('a program with a flow that the switch refuses commits nothing, and says which flow', async () => {
  await attach(compile([block(1, 2)]));
  const before = await dump();
  const wrong: BlockRecipe = {
    key: 'wrong',
    inputs: [],
    // OpenFlow goes to later tables only.
    flows: () => new FlowList(cookie('routing', 'bridge', 0)).add('route', 7, {}, [[], 'classify']).flows,
  };
  reconciler.setProgram(compile([block(1, 3), block(4, 5), wrong]));
  await reconciler.settled();
  expect(errors).toMatchObject([
    {
      code: 'SWITCH_BUNDLE_REFUSED',
      refusals: [{ what: expect.stringContaining('table:70 priority=7') as string }],
    },
  ]);
  expect(await dump()).toEqual(before);
});

test('a stage is held open for longer than OVS keeps an idle bundle, and then committed', async () => {
  const before = compile([block(1, 2), block(3, 4)]);
  await attach(before);
  const staged = await reconciler.stage(compile([block(1, 9), block(3, 4)], before));
  await new Promise((resolve) => setTimeout(resolve, 11_500));
  expect(await dump()).toEqual([expect.stringContaining('output:2'), expect.stringContaining('output:4')]);
  const start = performance.now();
  await staged.commit();
  expect(performance.now() - start).toBeLessThan(500);
  expect(errors).toEqual([]);
  expect((await dump()).sort()).toEqual([
    expect.stringContaining('in_port=1 actions=output:9'),
    expect.stringContaining('in_port=3 actions=output:4'),
  ]);
});

test('a switch that restarts has lost everything, and gets it again', async () => {
  const program = programFor('west', network('west'));
  await attach(program);
  const session = await sessions.current();
  await ovs.killSwitch();
  await sessions.ended(session);
  reconciler.detach();
  await ovs.startSwitch();
  expect(await attach(program)).toEqual({ found: 0, repaired: sizeOf(program) });
  expect(await readBack(program)).toEqual({ found: sizeOf(program), repaired: 0 });
});

test('ten thousand flows arrive and are read back', async () => {
  const program = compile(Array.from({ length: 10_000 }, (_, i) => block(i + 1, 1)));
  expect(await attach(program)).toEqual({ found: 0, repaired: 10_000 });
  expect(await readBack(program)).toEqual({ found: 10_000, repaired: 0 });
});
