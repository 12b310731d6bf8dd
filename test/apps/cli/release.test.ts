/**
 * `arctictern release`: it says what it would cut, and cuts only when that is clearly meant.
 */
import type { Server } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { NoSuchAnchorError } from '../../../apps/migration/errors.ts';
import { anchored } from '../../../controller/network/changes.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';
import { served, stop } from '../api/ask.ts';
import { FakeController, STARTED_AT } from '../api/fake-controller.ts';
import { type Result, runAt } from './fake-terminal.ts';

let controller: FakeController;
let server: Server;
beforeEach(async () => {
  controller = new FakeController();
  // `db` is at b1, and has left b2 with connections.
  const left = { index: 3, host: 'b2', addresses: { ipv4: '10.2.0.201' }, admit: 'all' } as const;
  controller.network.update(anchored(2, left));
  const moved = STARTED_AT + 40_000;
  controller.reports.set('2/3', { packets: 1, bytes: 60, idleSince: moved, goesAt: moved + 7_440_000 });
  server = await served(controller);
});
afterEach(() => stop(server));

const run = (...args: string[]): Promise<Result> =>
  runAt(server, { clock: new ManualClock(STARTED_AT + 42_000) }, 'release', ...args);

it('says what it would cut, and does nothing', async () => {
  const result = await run('db', '--anchor', 'b2');
  expect(result).toEqual({
    code: 1,
    out: '',
    err: 'error: to release this would end every connection of guest db that was born on 10.2.0.201 at b2; relayed 1 packet (60 bytes), the last 2 s ago; goes in 2 h 3 min: add --yes to do it\n',
  });
  expect(controller.released).toEqual([]);
});

it('with --yes gives it up, and says what', async () => {
  expect(await run('db', '--anchor', 'b2', '--yes')).toEqual({
    code: 0,
    out: 'Released 10.2.0.201 of guest db at b2.\n',
    err: '',
  });
  expect(controller.released).toEqual([['db', 'b2']]);
});

it('without a host asks for all, and leaves it to the controller to say that there is none', async () => {
  controller.reports.delete('2/3');
  controller.refusal = new NoSuchAnchorError('db', undefined, []);
  expect(await run('db')).toEqual({
    code: 1,
    out: '',
    err: 'error: guest db has no care-of anchor that relays: there is nothing to release\n',
  });
  expect(controller.released).toEqual([['db', undefined]]);
});

it('shows in the list of anchors how long each will stay', async () => {
  const { out } = await runAt(server, { clock: new ManualClock(STARTED_AT + 42_000) }, 'guests', 'db');
  expect(out).toContain('the last 12 s ago; stays\n');
  expect(out).toContain('anchor 2     b1: 10.2.0.200, admits all\n');
  expect(out).toContain('the last 2 s ago; goes in 2 h 3 min\n');
});
