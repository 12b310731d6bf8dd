/**
 * Where a change of the blocklist is in force first: at the edges, on the way of what is to be dropped; and how that does
 * not hold up the hosts when an edge is slow.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlocklistService } from '../../../apps/defence/blocklist.ts';
import { recipes } from '../../../apps/recipes.ts';
import { Network } from '../../../controller/network/network.ts';
import { Fabric } from '../../../controller/switches/fabric.ts';
import { fakeState } from '../../apps/api/fake-controller.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';
import { type FakeSwitch, until, Wire } from '../../controller/switches/fake-switch.ts';

const EDGE = 'eb';
/** In the order in which they connect: the edge is the last. */
const SWITCHES = ['a1', 'b1', EDGE] as const;

let clock: ManualClock;
let wire: Wire;
let network: Network;
let blocklist: BlocklistService;
let switches: Map<string, FakeSwitch>;
/** Whose commit came, one after the other. */
let commits: string[];
/** The edge answers nothing. */
let edgeIsSilent: boolean;
const errors: string[] = [];

beforeEach(async () => {
  clock = new ManualClock();
  wire = await Wire.lay();
  network = new Network(fakeState());
  blocklist = new BlocklistService(network, clock);
  switches = new Map();
  commits = [];
  edgeIsSilent = false;
  errors.length = 0;
  const ready = new Set<string>();
  const fabric = new Fabric(network.state, recipes, 1n, clock, {
    onFresh: () => undefined,
    onReady: (name) => ready.add(name),
    onLost: () => undefined,
    onMessage: () => undefined,
    onError: (name, error) => errors.push(`${name}: ${error.message}`),
  });
  network.follow((state) => fabric.update(state));
  for (const name of SWITCHES) {
    const { datapathId } = network.state.bridges.get(name)!;
    const { fake, session } = await wire.connect(clock, {
      datapathId: BigInt(`0x${datapathId}`),
      mute: (message) => {
        if (message.type === 'bundle_control' && message.control === 'commit_request') commits.push(name);
        return edgeIsSilent && name === EDGE;
      },
    });
    switches.set(name, fake);
    fabric.switchConnected(await session);
    await until(`${name} is under control`, () => ready.has(name));
  }
  commits.length = 0;
});
afterEach(async () => {
  blocklist.close();
  await wire.cut();
});

const block = (source: string): void => {
  blocklist.block({ sources: [source], origin: 'person', reason: 'scans' });
};
const drops = (name: string, source: string): boolean =>
  switches.get(name)!.table.some((flow) => flow.includes(`nw_src=${source}`) && flow.includes('drop'));

test('a block, and its end, are committed at the edge before any host', async () => {
  for (const [n, source] of ['203.0.113.7', '203.0.113.8', '203.0.113.9'].entries()) {
    commits.length = 0;
    block(source);
    await until(`block ${n} is everywhere`, () => SWITCHES.every((name) => drops(name, source)));
    expect(commits).toHaveLength(SWITCHES.length);
    expect(commits[0]).toBe(EDGE);
  }
  commits.length = 0;
  blocklist.unblock('203.0.113.7');
  await until('it is nowhere', () => !SWITCHES.some((name) => drops(name, '203.0.113.7')));
  expect(commits[0]).toBe(EDGE);
  expect(errors).toEqual([]);
});

test('an edge that does not answer holds up no host', async () => {
  edgeIsSilent = true;
  block('203.0.113.7');
  await until('hosts drop it', () => drops('a1', '203.0.113.7') && drops('b1', '203.0.113.7'));
  expect(commits.toSorted()).toEqual(['a1', 'b1']);
  expect(drops(EDGE, '203.0.113.7')).toBe(false);
});
