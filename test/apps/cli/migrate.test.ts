import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli as limits } from '../../../controller/limits.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';
import { ask, portOf, served, stop } from '../api/ask.ts';
import { FakeController, STARTED_AT } from '../api/fake-controller.ts';
import { FakeTerminal, type FakeOptions, type Result, runAt, runIn } from './fake-terminal.ts';

const ID = 'feedfacecafe';
const PLANNED = STARTED_AT + 100_000;
const BEGUN = 'Migrating guest web from a1 (10.1.0.0/24) to b1 (10.2.0.0/24), migration feedfacecafe\n';

let controller: FakeController;
let server: Server;
beforeEach(async () => {
  controller = new FakeController();
  server = await served(controller);
});
afterEach(() => stop(server));

const until = async (done: () => boolean): Promise<void> => {
  while (!done()) await delay(5);
};

interface Watched {
  readonly terminal: FakeTerminal;
  readonly clock: ManualClock;
  readonly ended: Promise<Result>;
}

/** Begins, and is listened to. */
async function watch(options: FakeOptions = {}, ...args: string[]): Promise<Watched> {
  const clock = new ManualClock(PLANNED);
  const env = { ARCTICTERN_API: `http://127.0.0.1:${portOf(server)}`, ...options.env };
  const terminal = new FakeTerminal({ clock, ...options, env });
  const ended = runIn(terminal, 'migrate', 'web', '--to', 'b1', ...args);
  await until(() => controller.listeners === 1 && controller.history.has(ID));
  return { terminal, clock, ended };
}

/** Time passes, step by step, until it is over. */
async function passing(clock: ManualClock, step: number, ended: Promise<Result>): Promise<Result> {
  for (;;) {
    const result = await Promise.race([ended, delay(10)]);
    if (result !== undefined) return result;
    clock.advance(step);
  }
}

describe('migrate', () => {
  it('shows each phase as it is entered, then the outcome', async () => {
    const { terminal, ended } = await watch();
    await until(() => terminal.out.text === `${BEGUN}  planned      + 0 ms\n`);
    controller.enter(ID, 'preparing', PLANNED + 12.5);
    await until(() => terminal.out.text.endsWith('  preparing    + 12.5 ms\n'));
    controller.enter(ID, 'copying', PLANNED + 400);
    await until(() => terminal.out.text.endsWith('  copying      + 400 ms\n'));
    // Two that come at once are both shown.
    controller.enter(ID, 'switching', PLANNED + 9_000);
    controller.enter(ID, 'relaying', PLANNED + 9_040, { blackoutMs: 37.1234, performed: true });
    expect(await ended).toEqual({
      code: 0,
      out: `${BEGUN}  planned      + 0 ms
  preparing    + 12.5 ms
  copying      + 400 ms
  switching    + 9 s
  relaying     + 9.04 s
Completed in 9.04 s: blackout 37.1 ms.
`,
      err: '',
    });
    await until(() => controller.listeners === 0);
  });

  it('passes on what is wished', async () => {
    const { ended } = await watch(
      {},
      ...['--strategy', 'bicast', '--admit', 'established', '--bandwidth', '32', '--max-blackout', '60'],
      ...['--auto-converge', '--post-copy', '--copy-storage', 'all'],
    );
    controller.enter(ID, 'relaying', PLANNED + 1, { blackoutMs: 1, performed: true });
    expect((await ended).code).toBe(0);
    expect(controller.wishes).toEqual([
      [
        'web',
        'b1',
        {
          strategy: 'bicast',
          admit: 'established',
          bandwidthMiBps: 32,
          maxBlackoutMs: 60,
          autoConverge: true,
          postCopy: true,
          copyStorage: 'all',
        },
      ],
    ]);
  });

  it('says once what the migration cannot keep to, and what the copy took', async () => {
    const { terminal, ended } = await watch();
    const warning = 'the guest dirties its memory faster than it can be copied';
    controller.enter(ID, 'copying', PLANNED + 400, { warning });
    await until(() => terminal.err.text.includes('warning'));
    controller.enter(ID, 'relaying', PLANNED + 9_040, { blackoutMs: 37, copyMs: 8_900, performed: true });
    const { out, err } = await ended;
    expect(err).toBe(`warning: ${warning}\n`);
    expect(out).toContain('Completed in 9.04 s: blackout 37 ms, copied for 8.9 s.\n');
  });

  it('waits for libvirt to end it at the source, of which no event tells', async () => {
    const { terminal, clock, ended } = await watch();
    controller.enter(ID, 'relaying', PLANNED + 1_000, { blackoutMs: 150 });
    await until(() => terminal.out.text.includes('relaying'));
    let over = false;
    void ended.then(() => (over = true));
    for (let i = 0; i < 5; i++) {
      clock.advance(limits.endInterval);
      await delay(10);
    }
    expect([over, terminal.out.text.includes('Completed')]).toEqual([false, false]);
    controller.put({ ...controller.history.get(ID)!, performed: true });
    expect((await passing(clock, limits.endInterval, ended)).out).toMatch(
      /Completed in 1 s: blackout 150 ms\.\n$/,
    );
  });

  it('waits for the blackout, which is told after the end', async () => {
    const { terminal, ended } = await watch();
    controller.enter(ID, 'relaying', PLANNED + 1_000, { performed: true });
    await until(() => terminal.out.text.includes('relaying'));
    await delay(20);
    controller.put({ ...controller.history.get(ID)!, blackoutMs: 150 });
    controller.emit({
      at: PLANNED + 1_001,
      level: 'info',
      subject: 'guest web',
      message: 'QEMU RESUME at b1',
    });
    expect((await ended).out).toMatch(/Completed in 1 s: blackout 150 ms\.\n$/);
  });

  it('does not wait for it for ever', async () => {
    const { terminal, clock, ended } = await watch();
    controller.enter(ID, 'relaying', PLANNED + 1_000, { performed: true });
    await until(() => terminal.out.text.includes('relaying'));
    expect(await passing(clock, limits.blackoutPatience, ended)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/: blackout unknown\.\n$/) as string,
    });
  });

  it('ends with 1 when the guest did not get there, after its rollback', async () => {
    const { terminal, ended } = await watch();
    controller.enter(ID, 'failed', PLANNED + 500, { reason: 'internal error: no\n route' });
    await until(() => terminal.out.text.includes('failed'));
    await delay(20);
    controller.enter(ID, 'rolled-back', PLANNED + 510);
    expect(await ended).toEqual({
      code: 1,
      out: `${BEGUN}  planned      + 0 ms
  failed       + 500 ms
  rolled-back  + 510 ms
`,
      err: 'error: migration feedfacecafe of guest web failed (internal error: no route); it runs at a1 again\n',
    });
  });

  it('does not wait for the rollback for ever', async () => {
    const { terminal, clock, ended } = await watch();
    controller.enter(ID, 'failed', PLANNED + 500, { reason: 'no' });
    await until(() => terminal.out.text.includes('failed'));
    expect(await passing(clock, limits.rollbackPatience, ended)).toMatchObject({
      code: 1,
      err: 'error: migration feedfacecafe of guest web failed (no); it is being put back at a1\n',
    });
  });

  it('looks again when no event came', async () => {
    const { clock, ended } = await watch();
    const { history } = controller;
    const before = history.get(ID)!;
    controller.put({
      ...before,
      phase: 'relaying',
      performed: true,
      blackoutMs: 1,
      entered: { ...before.entered, relaying: PLANNED + 5 },
    });
    expect((await passing(clock, limits.lookInterval, ended)).code).toBe(0);
  });

  it('gives the migration as it ended as JSON, and nothing else', async () => {
    const { ended } = await watch({}, '--json');
    controller.enter(ID, 'copying', PLANNED + 1);
    controller.enter(ID, 'relaying', PLANNED + 2, { blackoutMs: 1, performed: true });
    const { code, out } = await ended;
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(JSON.parse((await ask(server, { path: `/v1/migrations/${ID}` })).text));
  });

  it('gives it as JSON when it failed, too', async () => {
    const { ended } = await watch({}, '--json');
    controller.enter(ID, 'rolled-back', PLANNED + 2, { reason: 'no' });
    const { code, out, err } = await ended;
    expect([code, (JSON.parse(out) as { outcome: string }).outcome]).toEqual([1, 'rolled-back']);
    expect(err).toMatch(/^error: migration feedfacecafe /);
  });

  it('turns a spinner on a terminal, and leaves nothing of it', async () => {
    const { terminal, clock, ended } = await watch({ interactive: true, env: { NO_COLOR: '1' } });
    controller.enter(ID, 'copying', PLANNED + 400);
    await until(() => terminal.out.text.includes('copying      + 400 ms'));
    for (let i = 0; i < 12; i++) clock.advance(100);
    expect(terminal.out.text.split('\r\x1b[K').at(-1)).toMatch(/^\S copying 1\.2 s$/);
    controller.emit({ at: PLANNED, level: 'info', subject: 'guest web', message: 'nothing new' });
    await delay(50);
    clock.advance(100);
    expect(terminal.out.text.split('\r\x1b[K').at(-1)).toMatch(/^\S copying 1\.3 s$/);
    controller.enter(ID, 'relaying', PLANNED + 1_700, { blackoutMs: 20, performed: true });
    const { out } = await ended;
    expect(out.endsWith('\r\x1b[KCompleted in 1.7 s: blackout 20 ms.\n')).toBe(true);
    expect(lastOfEachLine(out)).toBe(
      `${BEGUN}  planned      + 0 ms\n  copying      + 400 ms\n  relaying     + 1.7 s\nCompleted in 1.7 s: blackout 20 ms.\n`,
    );
    expect(clock.pending).toBe(0);
  });

  it('ends the watching, not the migration, when interrupted', async () => {
    const { terminal, ended } = await watch();
    await until(() => terminal.out.text.includes('planned'));
    terminal.interruption.abort();
    const { code, err } = await ended;
    expect(code).toBe(1);
    expect(err).toBe(
      'error: no longer watched, but migration feedfacecafe goes on: see `arctictern migrations feedfacecafe`, or abort it with `arctictern abort feedfacecafe`\n',
    );
    expect(controller.aborted).toEqual([]);
    await until(() => controller.listeners === 0);
  });

  it('waits for a controller that restarts, as often as it does, and goes on', async () => {
    const { terminal, clock, ended } = await watch();
    await until(() => terminal.out.text.includes('planned'));
    const port = portOf(server);
    const away = 'warning: the controller is away; waiting for it. What the flows do, they go on doing.\n';
    const back = 'The controller is back.\n';
    const told = async (text: string): Promise<void> => {
      while (terminal.err.text !== text) {
        clock.advance(limits.reconnectInterval);
        await delay(10);
      }
    };
    stop(server);
    await told(away);
    server = await served(controller, { port });
    await told(away + back);
    stop(server);
    await told(away + back + away);
    controller.enter(ID, 'relaying', PLANNED + 3_000, { blackoutMs: 20, performed: true });
    server = await served(controller, { port });
    expect(await passing(clock, limits.reconnectInterval, ended)).toMatchObject({
      code: 0,
      out: `${BEGUN}  planned      + 0 ms\n  relaying     + 3 s\nCompleted in 3 s: blackout 20 ms.\n`,
      err: away + back + away + back,
    });
  });

  it('gives up when the controller stays away', async () => {
    const { terminal, clock, ended } = await watch();
    await until(() => terminal.out.text.includes('planned'));
    stop(server);
    await until(() => terminal.err.text.includes('the controller is away'));
    const { code, err } = await passing(clock, limits.reconnectPatience / 10, ended);
    expect(code).toBe(1);
    expect(err).toMatch(/\nerror: the controller's API at http:\/\/127\.0\.0\.1:\d+ cannot be reached /);
  });

  it.each([
    [['nobody', '--to', 'b1'], 'there is no guest nobody: known are db, idle, web'],
    [['web', '--to', 'a1'], 'guest web is on host a1 already: choose another host'],
    [['idle', '--to', 'a1'], 'guest idle runs on no host under control: start it first'],
  ])('says why it cannot begin: %j', async (args, sentence) => {
    for (const more of [[], ['--no-wait'], ['--json']]) {
      expect(await runAt(server, {}, 'migrate', ...args, ...more)).toEqual({
        code: 1,
        out: '',
        err: `error: ${sentence}\n`,
      });
    }
    await until(() => controller.listeners === 0);
  });

  it.each([
    [{ guests: 1, memoryMiB: 1_024 }, 'it holds 1 of 1 guests'],
    [{ guests: 4, memoryMiB: 511 }, '256 MiB wanted, 255 of 511 MiB free'],
  ])('says that a host has no room: %j', async (capacity, why) => {
    controller.resize('b1', capacity);
    for (const more of [[], ['--no-wait'], ['--json']]) {
      expect(await runAt(server, {}, 'migrate', 'web', '--to', 'b1', ...more)).toEqual({
        code: 1,
        out: '',
        err: `error: host b1 has no room for guest web: ${why}; choose another host or raise its capacity\n`,
      });
    }
    expect(controller.history.size).toBe(2);
  });

  it('does not wait when told so', async () => {
    expect(await runAt(server, {}, 'migrate', 'web', '--to', 'b1', '--no-wait')).toEqual({
      code: 0,
      out: `${BEGUN}See \`arctictern migrations feedfacecafe\`.\n`,
      err: '',
    });
    expect(controller.listeners).toBe(0);
  });

  it('does not wait when told so, as JSON', async () => {
    const { code, out } = await runAt(server, {}, 'migrate', 'web', '--to', 'b1', '--no-wait', '--json');
    expect([code, JSON.parse(out)]).toEqual([
      0,
      JSON.parse((await ask(server, { path: `/v1/migrations/${ID}` })).text),
    ]);
  });
});

describe('abort', () => {
  it('gives a migration up', async () => {
    await runAt(server, {}, 'migrate', 'web', '--to', 'b1', '--no-wait');
    expect(await runAt(server, {}, 'abort', ID)).toEqual({
      code: 0,
      out: 'Asked libvirt to give migration feedfacecafe up; guest web stays at a1. See `arctictern migrations feedfacecafe`.\n',
      err: '',
    });
    expect(controller.aborted).toEqual(['web']);
  });
});

/** What a terminal shows in the end of text that clears lines. */
function lastOfEachLine(text: string): string {
  return text
    .split('\n')
    .map((line) => line.split('\r\x1b[K').at(-1))
    .join('\n');
}
