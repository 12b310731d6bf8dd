import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { switches as limits } from '../../../controller/limits.ts';
import { openBundle } from '../../../controller/switches/bundle.ts';
import { between, type Difference } from '../../../controller/switches/diff.ts';
import { emptyProgram } from '../../../controller/switches/program.ts';
import type { SwitchSession } from '../../../controller/switches/session.ts';
import { ManualClock } from '../libvirt/manual-clock.ts';
import { type FakeSwitch, quiet, until, Wire } from './fake-switch.ts';
import { asMod, flowOf, programOf } from './programs.ts';

let wire: Wire;
let clock: ManualClock;
let fake: FakeSwitch;
let ours: Socket;
let session: SwitchSession;

/** `struct ofp_bundle_ctrl_msg`. */
const BUNDLE_CONTROL_BYTES = 16;

beforeEach(async () => {
  wire = await Wire.lay();
  clock = new ManualClock();
  const pair = await wire.connect(clock);
  ({ fake, ours } = pair);
  session = await pair.session;
});
afterEach(() => wire.cut());

const before = programOf({
  a: [
    [1, 2],
    [2, 2],
  ],
});
const step: Difference = between(
  before,
  programOf({
    a: [
      [2, 3],
      [3, 3],
    ],
  }),
);

function install(): void {
  for (const { flows } of before.values()) for (const flow of flows) fake.apply(asMod(flow));
}

test('takes effect at the commit, and not before', async () => {
  install();
  const table = fake.table;
  const bundle = await openBundle(session, step, clock);
  expect(fake.controls).toEqual(['open_request']);
  expect(fake.table).toEqual(table);
  await bundle.commit();
  expect(fake.table).toEqual(
    [flowOf(2, 3), flowOf(3, 3)].map(
      (flow) => expect.stringContaining(`in_port=${String(flow.match[0]!.value)} `) as string,
    ),
  );
});

test('the commit is on the wire before commit() returns', async () => {
  const bundle = await openBundle(session, step, clock);
  const before = ours.bytesWritten;
  const committed = bundle.commit();
  expect(ours.bytesWritten - before).toBe(BUNDLE_CONTROL_BYTES);
  expect(ours.writableLength).toBe(0);
  await committed;
  expect(fake.controls).toEqual(['open_request', 'commit_request']);
});

test('a refusal commits nothing, and all that was refused is named', async () => {
  install();
  const table = fake.table;
  fake.script = {
    refuse: ({ match, command }) =>
      command === 'delete_strict'
        ? 'OFPFMFC_EPERM'
        : match[0]!.value === 3
          ? 'OFPBAC_BAD_OUT_PORT'
          : undefined,
  };
  await expect(openBundle(session, step, clock)).rejects.toMatchObject({
    code: 'SWITCH_BUNDLE_REFUSED',
    message: expect.stringContaining('and 1 more') as string,
    refusals: [
      {
        what: expect.stringContaining('DEL_STRICT priority=100,in_port=1 ') as string,
        error: { error: 'OFPFMFC_EPERM' },
      },
      {
        what: expect.stringContaining('ADD priority=100,in_port=3 ') as string,
        error: { error: 'OFPBAC_BAD_OUT_PORT' },
      },
    ],
  });
  await until('the bundle is given up', () => fake.controls.includes('discard_request'));
  expect(fake.table).toEqual(table);
  expect(clock.pending).toBe(1);
});

test('a bundle that is held open is fed, until it is committed', async () => {
  const bundle = await openBundle(session, step, clock);
  const count = fake.all('bundle_add_message').length;
  for (let fed = 1; fed <= 3; fed++) {
    clock.advance(limits.bundleFeedInterval);
    await until('it is fed', () => fake.all('bundle_add_message').length === count + fed);
    // The switch's answer to the session's probe is here, too, before the next probe is due.
    await session.barrier('waiting for the switch');
  }
  await bundle.commit();
  clock.advance(limits.bundleFeedInterval);
  await quiet();
  expect(fake.all('bundle_add_message')).toHaveLength(count + 3);
  expect([...fake.flows.values()].map(({ match }) => match[0]!.value).sort()).toEqual([2, 3]);
});

test('one that is given up is fed no more', async () => {
  const bundle = await openBundle(session, step, clock);
  bundle.discard();
  await until('it is gone', () => fake.controls.includes('discard_request'));
  const count = fake.all('bundle_add_message').length;
  clock.advance(2 * limits.bundleFeedInterval);
  await quiet();
  expect(fake.all('bundle_add_message')).toHaveLength(count);
});

test('a switch that refuses to open one is told nothing more, and the error says so', async () => {
  fake.script = { mute: ({ type }) => type === 'bundle_control' };
  const opened = openBundle(session, step, clock);
  await until('it is asked for', () => fake.all('bundle_control').length === 1);
  fake.send(
    { type: 'error', error: 'OFPBFC_OUT_OF_BUNDLES', data: new Uint8Array(0) },
    fake.all('bundle_control')[0]!.xid,
  );
  await expect(opened).rejects.toMatchObject({ code: 'SWITCH_REFUSED' });
});

test('a switch that goes away in the middle of a large one', async () => {
  const many = between(
    emptyProgram,
    programOf({ a: Array.from({ length: 20_000 }, (_, i) => [i + 1, 1] as const) }),
  );
  const opened = openBundle(session, many, clock);
  opened.catch(() => undefined);
  await until('some of it arrived', () => fake.all('bundle_add_message').length > 0);
  fake.socket.destroy();
  await expect(opened).rejects.toThrow();
  expect(clock.pending).toBe(0);
});

test('a large one arrives whole', async () => {
  const ports = Array.from({ length: 20_000 }, (_, i) => [i + 1, 1] as const);
  const bundle = await openBundle(session, between(emptyProgram, programOf({ a: ports })), clock);
  await bundle.commit();
  expect(fake.flows.size).toBe(20_000);
});
