import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ControllerEvent, Moment } from '../../../apps/events.ts';
import { api as limits } from '../../../controller/limits.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';
import { portOf, served, stop } from '../api/ask.ts';
import { FakeController } from '../api/fake-controller.ts';
import { FakeTerminal, runIn } from './fake-terminal.ts';

const AT = new Date(2026, 0, 2, 3, 4, 5, 678).getTime();
const happened: readonly ControllerEvent[] = [
  { at: AT, level: 'debug', subject: 'host a1', message: 'OVSDB connected' },
  { at: AT + 1, level: 'info', subject: 'guest web', message: 'copying' },
  {
    at: AT + 2,
    level: 'warning',
    subject: 'host b1',
    message: 'bridge lost;\n\x1b[31mits flows stay in force',
  },
  { at: AT + 1_000, level: 'error', subject: 'store', message: 'the store is away', code: 'OVSDB_CLOSED' },
];

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

/** Follows until as many lines were written, then interrupts. */
async function follow(count: number, ...args: string[]) {
  const terminal: FakeTerminal = new FakeTerminal({
    env: { ARCTICTERN_API: `http://127.0.0.1:${portOf(server)}` },
    onWrite: (text) => {
      if (text.split('\n').length > count) terminal.interruption.abort();
    },
  });
  const running = runIn(terminal, 'events', ...args);
  await until(() => controller.listeners === 1);
  for (const event of happened) controller.emit(event);
  return running;
}

describe('events', () => {
  it('are lines, until interrupted', async () => {
    expect(await follow(3)).toEqual({
      code: 0,
      out: `03:04:05.679  info     guest web     copying
03:04:05.680  warning  host b1       bridge lost; [31mits flows stay in force
03:04:06.678  error    store         the store is away (OVSDB_CLOSED)
`,
      err: '',
    });
    await until(() => controller.listeners === 0);
  });

  it('are all shown when asked for', async () => {
    const { out } = await follow(4, '--level', 'debug');
    expect(out.split('\n')[0]).toBe('03:04:05.678  debug    host a1       OVSDB connected');
  });

  it('of less than a level are left out', async () => {
    expect((await follow(1, '--level', 'error')).out).toBe(
      '03:04:06.678  error    store         the store is away (OVSDB_CLOSED)\n',
    );
  });

  it('are JSON lines, exactly as the API gives them', async () => {
    const { out } = await follow(4, '--level', 'debug', '--json');
    expect(out).toBe(happened.map((event) => `${JSON.stringify(event)}\n`).join(''));
  });

  it('of a kind that only a newer controller knows are told in its words', async () => {
    const moment = { kind: 'of-tomorrow', guest: 'web' } as unknown as Moment;
    const known: Moment = { kind: 'announced', host: 'a1' };
    const terminal = new FakeTerminal({ env: { ARCTICTERN_API: `http://127.0.0.1:${portOf(server)}` } });
    const running = runIn(terminal, 'events', '--json');
    await until(() => controller.listeners === 1);
    controller.emit({ at: AT, level: 'info', subject: 'guest web', message: 'news', moment });
    controller.emit({ at: AT, level: 'info', subject: 'host a1', message: 'RARP', moment: known });
    await until(() => terminal.out.text.includes('RARP'));
    terminal.interruption.abort();
    const { code, out } = await running;
    expect(code).toBe(0);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { at: AT, level: 'info', subject: 'guest web', message: 'news' },
      { at: AT, level: 'info', subject: 'host a1', message: 'RARP', moment: known },
    ]);
  });

  it('that end are an error', async () => {
    const port = portOf(server);
    const terminal = new FakeTerminal({ env: { ARCTICTERN_API: `http://127.0.0.1:${port}` } });
    const running = runIn(terminal, 'events');
    await until(() => controller.listeners === 1);
    controller.emit(happened[1]!);
    await until(() => terminal.out.text !== '');
    stop(server);
    const { code, err } = await running;
    expect([code, err]).toEqual([
      1,
      `error: the controller's API at http://127.0.0.1:${port} ended the events: it was stopped, or dropped us because we read too slowly\n`,
    ]);
  });

  it('that do not come, nor heartbeats, are an error', async () => {
    const clock = new ManualClock();
    const terminal = new FakeTerminal({
      clock,
      env: { ARCTICTERN_API: `http://127.0.0.1:${portOf(server)}` },
    });
    const running = runIn(terminal, 'events');
    await until(() => controller.listeners === 1);
    controller.emit(happened[1]!);
    await until(() => terminal.out.text !== '');
    clock.advance(limits.eventSilence);
    const { code, err } = await running;
    expect(code).toBe(1);
    expect(err).toMatch(/has said nothing for 40 s: is the controller overloaded or stopped\?\n$/);
    expect(clock.pending).toBe(0);
  });
});
