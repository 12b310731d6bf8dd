/**
 * The migration service in a scripted world: whatever the order of events, however often they come, and wherever the
 * controller is killed, traffic ends up where the guest runs, and the record says so.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Phase } from '../../../controller/network/migration.ts';
import type { DomainState } from '../../../controller/network/model.ts';
import { migration } from '../../../controller/limits.ts';
import { hypervisorLost } from '../../../controller/network/changes.ts';
import { OPEN, SHUT } from '../../../controller/switches/pipeline.ts';
import { FROM, OTHER, TO, World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await World.start();
});

const commits = (): string[] => world.deeds.filter((deed) => deed.startsWith('commit'));
const placement = (): string | undefined => world.network.state.placements.get('web');
const anchors = (): string[] => (world.network.state.anchors.get(1) ?? []).map(({ host }) => host);

async function copying(): Promise<void> {
  world.service.begin('web', TO, { bandwidthMiBps: 16 });
  await world.calm();
  world.arrives();
  await world.calm();
  expect(world.migration.phase).toBe('copying');
}

/** It has moved, and that is all. */
async function expectArrived(): Promise<void> {
  await world.pass(3_000);
  expect(world.migration).toMatchObject({ phase: 'relaying', performed: true, from: FROM, to: TO });
  expect(placement()).toBe(TO);
  expect(anchors()).toEqual([FROM, TO]);
  expect(world.problems).toEqual([]);
}

/** It is where it was, and as it was. */
async function expectReturned(): Promise<void> {
  await world.pass(20_000);
  expect(world.migration).toMatchObject({ phase: 'rolled-back' });
  expect(world.migration.reason).toMatch(/\w/);
  expect(placement()).toBe(FROM);
  expect(anchors()).toEqual([FROM]);
  expect(world.problems).toEqual([]);
}

const endings: Record<string, () => void> = {
  suspended: () => world.say(FROM, 'suspended migrated'),
  resumed: () => world.say(TO, 'resumed migrated'),
  stopped: () => world.say(FROM, 'stopped migrated'),
  answered: () => world.answers(),
};

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length === 0) return [[]];
  return list.flatMap((one, i) => permutations(list.toSpliced(i, 1)).map((rest) => [one, ...rest]));
}

describe('events of two daemons', () => {
  test.each(permutations(Object.keys(endings)))('in the order %s, %s, %s, %s', async (...order) => {
    await copying();
    for (const name of order) {
      endings[name]!();
      await world.calm();
    }
    await expectArrived();
    expect(commits()).toEqual([`commit ${TO}`]);
    expect(world.asked).toBe(1);
  });

  test('that come twice, and late', async () => {
    await copying();
    for (const name of ['suspended', 'suspended', 'resumed', 'stopped', 'resumed', 'answered'])
      endings[name]!();
    await expectArrived();
    world.say(TO, 'resumed migrated');
    await expectArrived();
    expect(commits()).toEqual([`commit ${TO}`]);
  });
});

describe('a switchover', () => {
  const told = (): string[] => world.moments.map(({ kind }) => kind);

  test('is told to be done when every bridge has acknowledged it', async () => {
    await copying();
    endings['suspended']!();
    await world.calm();
    expect(told()).toContain('redirected');
  });

  test('turns the gates, and then commits', async () => {
    await copying();
    expect(world.network.state.copies.get('web')).toBe(TO);
    endings['suspended']!();
    await world.calm();
    const deeds = world.deeds.filter((deed) => /^(turn|commit)/.test(deed));
    expect(deeds).toEqual([`turn ${SHUT} ${OPEN}`, `commit ${TO}`]);
    expect(world.network.state.copies.get('web')).toBeUndefined();
    expect(told().indexOf('gates-turned')).toBeLessThan(told().indexOf('commit-sent'));
  });

  test('by `rarp` has no gates: nothing goes to the destination before the announcement', async () => {
    world.service.begin('web', TO, { strategy: 'rarp' });
    await world.calm();
    world.arrives();
    await world.calm();
    expect(world.migration.phase).toBe('copying');
    expect(world.network.state.copies.get('web')).toBeUndefined();
  });

  test('goes by commits alone where a gate leaks', async () => {
    world.metersHold = false;
    await copying();
    expect(world.network.state.copies.get('web')).toBeUndefined();
    for (const end of Object.values(endings)) end();
    await expectArrived();
    expect(commits()).toEqual([`commit ${TO}`]);
  });

  test('that fails takes the gates away', async () => {
    await copying();
    world.answers(new Error('no'));
    await expectReturned();
    expect(world.network.state.copies.get('web')).toBeUndefined();
  });

  test('that a bridge does not acknowledge is not told to be done', async () => {
    await copying();
    world.acknowledges = false;
    for (const end of Object.values(endings)) end();
    await world.calm();
    expect(told()).not.toContain('redirected');
    expect(world.problems).toEqual([expect.stringContaining('has not acknowledged the switchover')]);
    expect(world.migration.warning).toContain('has not acknowledged the switchover');
    expect(placement()).toBe(TO);
  });
});

describe('a migration that is asked for before all that it needs is there', () => {
  test.each([
    ['bridge', () => (world.ready = false), () => (world.ready = true)],
    [
      'libvirtd at the destination',
      () => world.network.update(hypervisorLost(TO)),
      () => world.seeDomains(TO),
    ],
  ])('waits for it: %s', async (_, goes, comes) => {
    goes();
    world.service.begin('web', TO);
    await world.pass(migration.readyPatience - 200);
    expect(world.migration.phase).toBe('planned');
    expect(world.asked).toBe(0);
    comes();
    await world.pass(200);
    expect(world.asked).toBe(1);
    world.arrives();
    await world.calm();
    for (const end of Object.values(endings)) end();
    await expectArrived();
  });

  test.each([
    [`host ${TO} cannot be used now: its bridge is not under control, for 10 s`, () => (world.ready = false)],
    [
      `host ${FROM} cannot be used now: the libvirtd there does not answer, for 10 s`,
      () => {
        world.away.add(FROM);
        world.seeDomains(FROM);
      },
    ],
  ])('is given up after a while: %s', async (reason, goes) => {
    world.service.begin('web', TO);
    goes();
    await world.pass(migration.readyPatience + 200);
    expect(world.migration).toMatchObject({ phase: 'rolled-back', reason });
    expect(world.asked).toBe(0);
    expect(placement()).toBe(FROM);
  });

  test('does without what tells of the destination, after a while', async () => {
    world.network.update(hypervisorLost(TO));
    world.service.begin('web', TO);
    await world.pass(migration.readyPatience + 200);
    expect(world.asked).toBe(1);
  });

  test('can be aborted meanwhile, and is not waited for by a controller that closes', async () => {
    world.ready = false;
    world.service.begin('web', TO);
    await world.service.abort('web');
    await expectReturned();
    world.service.begin('web', TO);
    world.service.close();
    world.ready = true;
    await world.pass(1_000);
    expect(world.asked).toBe(0);
    expect(world.migration.phase).toBe('planned');
  });
});

describe('a second wish while the guest is on its way', () => {
  /** Said by `begin` itself, whatever its peers have not answered yet; nothing changes by it. */
  function expectRefused(phase: Phase, whatToDo = 'wait until that has ended, or abort it'): void {
    const { migration: before } = world;
    expect(before.phase).toBe(phase);
    const message = `guest web is on its way to host ${TO} (${phase}): ${whatToDo}`;
    for (const to of [TO, OTHER]) {
      expect(() => world.service.begin('web', to)).toThrow(
        expect.objectContaining({ code: 'MIGRATION_ALREADY_MOVING', message }) as Error,
      );
    }
    expect(world.migration).toBe(before);
  }

  test('is refused at once in each phase, and the first goes on', async () => {
    world.ready = false;
    world.service.begin('web', TO);
    expectRefused('planned');
    await world.pass(1_000);
    expectRefused('planned');
    world.ready = true;
    await world.pass(200);
    expectRefused('preparing');
    world.arrives();
    await world.calm();
    expectRefused('copying');
    endings['suspended']!();
    expectRefused('switching');
    endings['resumed']!();
    expectRefused('relaying', 'wait until that has ended');
    endings['stopped']!();
    endings['answered']!();
    await expectArrived();
    expect(world.asked).toBe(1);
  });

  test('is refused while a failed one is put back, and taken afterwards', async () => {
    await copying();
    world.settles = false;
    world.say(TO, 'stopped failed');
    world.answers(new Error('the destination gave the guest up'));
    await world.pass(1_000);
    expectRefused('failed', 'wait until that has ended');
    world.settle();
    await expectReturned();
    expect(world.service.begin('web', OTHER)).toMatchObject({ to: OTHER, phase: 'planned' });
  });
});

describe('a controller that is killed', () => {
  test('planned: libvirt was never asked, and is now, as it was to be', async () => {
    world.ready = false;
    world.service.begin('web', TO, { bandwidthMiBps: 16 });
    world.kill();
    await world.startController();
    expect(world.migration).toMatchObject({ phase: 'planned', wishes: { bandwidthMiBps: 16 } });
    await world.pass(2_000);
    expect(world.migration.phase).toBe('planned');
    world.ready = true;
    await world.pass(4_000);
    expect(world.migration.phase).toBe('preparing');
    expect(world.asked).toBe(1);
    world.arrives();
    await world.calm();
    for (const end of Object.values(endings)) end();
    await expectArrived();
  });

  test('planned, but libvirt has been asked already: it is not asked again', async () => {
    world.ready = false;
    world.service.begin('web', TO);
    world.kill();
    world.ready = true;
    world.job = true;
    await world.startController();
    await world.pass(1_000);
    expect(world.migration.phase).toBe('preparing');
    world.arrives();
    await world.calm();
    expect(world.migration.phase).toBe('copying');
    endings['suspended']!();
    endings['resumed']!();
    endings['stopped']!();
    await expectArrived();
    expect(world.asked).toBe(0);
  });

  test('preparing: it goes on when the port appears', async () => {
    world.service.begin('web', TO);
    await world.calm();
    expect(world.migration.phase).toBe('preparing');
    world.kill();
    await world.startController();
    world.arrives();
    await world.calm();
    expect(world.migration.phase).toBe('copying');
    endings['suspended']!();
    endings['resumed']!();
    endings['stopped']!();
    await expectArrived();
    expect(world.asked).toBe(1);
  });

  test('preparing, and libvirt was not asked yet: it is asked', async () => {
    world.service.begin('web', TO);
    await world.calm();
    world.kill();
    world.job = false;
    world.asked = 0;
    await world.startController();
    await world.pass(4_000);
    expect(world.asked).toBe(1);
    world.arrives();
    await world.calm();
    for (const end of Object.values(endings)) end();
    await expectArrived();
  });

  test('copying: staged anew, QEMU set free, and followed to its end', async () => {
    await copying();
    world.kill();
    world.deeds = [];
    world.downtimes = [];
    await world.startController();
    expect(world.deeds.filter((deed) => deed.startsWith('stage'))).toEqual([`stage ${TO}`]);
    await world.pass(1_000);
    expect(world.downtimes).toEqual([world.migration.maxBlackoutMs]);
    endings['suspended']!();
    expect(commits()).toEqual([`commit ${TO}`]);
    endings['resumed']!();
    endings['stopped']!();
    await expectArrived();
  });

  test.each<[string, DomainState | undefined, DomainState | undefined]>([
    ['it has arrived', undefined, 'running'],
    ['it has arrived, and the source has not let go', 'paused', 'running'],
  ])('copying, and meanwhile %s', async (_, source, destination) => {
    await copying();
    world.kill();
    world.happens(FROM, source);
    world.happens(TO, destination);
    world.job = false;
    await world.startController();
    expect(placement()).toBe(TO);
    await expectArrived();
  });

  test('copying, and meanwhile it has failed', async () => {
    await copying();
    world.kill();
    world.happens(TO, undefined);
    world.attached = false;
    world.job = false;
    await world.startController();
    expect(world.migration.phase).toBe('copying');
    await expectReturned();
    expect(commits()).toEqual([]);
  });

  test('copying, and it fails afterwards', async () => {
    await copying();
    world.kill();
    await world.startController();
    await world.pass(2_000);
    expect(world.migration.phase).toBe('copying');
    world.say(TO, 'stopped failed');
    world.job = false;
    await expectReturned();
  });

  test('copying, and the guest is gone', async () => {
    await copying();
    world.kill();
    world.happens(FROM, undefined);
    world.happens(TO, undefined);
    world.job = false;
    await world.startController();
    await world.pass(20_000);
    expect(world.migration).toMatchObject({
      phase: 'rolled-back',
      reason: 'the guest runs neither at the source nor at the destination any more',
    });
  });

  test('switching: traffic waits at the destination until a daemon says where the guest is', async () => {
    await copying();
    endings['suspended']!();
    expect(world.migration.phase).toBe('switching');
    world.kill();
    world.away.add(TO);
    world.happens(TO, 'running');
    await world.startController();
    await world.pass(2_000);
    expect(world.migration.phase).toBe('switching');
    expect(placement()).toBe(TO);
    world.away.delete(TO);
    world.happens(FROM, undefined);
    world.seeDomains(FROM);
    world.seeDomains(TO);
    await expectArrived();
  });

  test('switching, and the guest went on at the source', async () => {
    await copying();
    endings['suspended']!();
    world.kill();
    world.happens(FROM, 'running');
    world.happens(TO, undefined);
    world.job = false;
    await world.startController();
    await expectReturned();
  });

  test('failed: brought back all the same', async () => {
    await copying();
    endings['suspended']!();
    world.job = false;
    world.happens(TO, undefined);
    world.say(FROM, 'resumed migrated');
    expect(world.migration.phase).toBe('failed');
    world.kill();
    await world.startController();
    await expectReturned();
  });

  test('failed, and the guest runs at the destination after all: it is found there', async () => {
    await copying();
    endings['suspended']!();
    world.say(FROM, 'resumed migrated');
    world.kill();
    world.happens(FROM, undefined);
    world.happens(TO, 'running');
    await world.startController();
    await world.pass(5_000);
    expect(placement()).toBe(TO);
  });

  test('relaying: nothing is done', async () => {
    await copying();
    for (const end of Object.values(endings)) end();
    await world.calm();
    world.kill();
    world.deeds = [];
    await world.startController();
    await expectArrived();
    expect(world.deeds).toEqual([]);
  });

  test('again and again', async () => {
    await copying();
    for (let i = 0; i < 5; i++) {
      world.kill();
      await world.startController();
      await world.pass(700);
    }
    endings['suspended']!();
    world.kill();
    await world.startController();
    endings['resumed']!();
    world.kill();
    world.happens(FROM, undefined);
    await world.startController();
    await expectArrived();
  });
});

describe('an answer that is lost', () => {
  test('does not bring back what goes on', async () => {
    await copying();
    world.breaks();
    await world.pass(5_000);
    expect(world.migration.phase).toBe('copying');
    expect(world.downtimes).toContain(world.migration.maxBlackoutMs);
    endings['suspended']!();
    endings['resumed']!();
    endings['stopped']!();
    world.job = false;
    await expectArrived();
  });

  test('brings back what has ended', async () => {
    await copying();
    world.breaks();
    world.away.add(FROM);
    world.seeDomains(FROM);
    await world.pass(5_000);
    expect(world.migration.phase).toBe('copying');
    world.away.delete(FROM);
    world.job = false;
    world.happens(TO, undefined);
    world.seeDomains(TO);
    world.seeDomains(FROM);
    await expectReturned();
    expect(world.migration.reason).toBe(
      'libvirt has no migration of the guest any more, and the guest runs at the source',
    );
  });
});

describe('what somebody else does', () => {
  test('while nobody looked, and is still doing, is noticed', async () => {
    world.kill();
    world.job = true;
    world.happens(TO, 'incoming');
    world.attached = true;
    await world.startController();
    await world.pass(1_000);
    expect(world.migration).toMatchObject({ origin: 'noticed', phase: 'copying', to: TO });
    expect(world.downtimes).toEqual([]);
    endings['suspended']!();
    endings['resumed']!();
    endings['stopped']!();
    world.job = false;
    await expectArrived();
    expect(world.asked).toBe(0);
  });

  test.each([true, false])('and has done, is noticed (its port was seen first: %j)', async (portFirst) => {
    world.kill();
    world.happens(FROM, undefined);
    world.happens(TO, 'running');
    world.attached = portFirst;
    await world.startController();
    world.attached = true;
    world.seeBridge(TO);
    await expectArrived();
    expect(world.migration.origin).toBe('noticed');
  });

  test('and gives up, is brought back', async () => {
    world.job = true;
    world.arrives();
    await world.pass(1_000);
    expect(world.migration).toMatchObject({ origin: 'noticed', phase: 'copying' });
    world.job = false;
    world.say(TO, 'stopped failed');
    await expectReturned();
  });
});
