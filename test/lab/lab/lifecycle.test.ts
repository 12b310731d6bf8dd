/** Whatever ends a lab, nothing of it is left, and the next one starts. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logFileOf, RUN_ROOT } from '../../../apps/cli/commands/lab/running-lab.ts';
import { LabEnded, LabStartFailed } from '../../../topologies/lab/errors.ts';
import { Lab } from '../../../topologies/lab/lab.ts';
import {
  childOf,
  childrenOf,
  commandOf,
  expectGone,
  machineState,
  pidNamespaceOf,
  processesIn,
} from './machine.ts';
import { smallLab, topologyText } from './small-lab.ts';

const directory = mkdtempSync(join(tmpdir(), 'lab-'));
const file = join(directory, 'test-end.yaml');
const runDirectory = join(RUN_ROOT, 'test-end');
const before = machineState();

beforeAll(() => {
  writeFileSync(file, topologyText('test-end', 203));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
  // `lab down` would take it away; it stays for whoever wonders why a lab ended.
  rmSync(logFileOf('test-end'), { force: true });
});

/** A driver in a process of its own, with its lab up and its guest started. */
async function driver(): Promise<{ child: ChildProcess; unshare: number; init: number; namespace: string }> {
  const child = spawn(
    'node',
    ['dist/apps/cli/main.js', 'lab', 'supervise', file, '--api', '127.0.0.1:18654'],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  );
  await new Promise<void>((resolve, reject) => {
    child.on('message', ({ type, detail }: { type: string; detail?: string }) => {
      if (type === 'ready') resolve();
      if (type === 'failed') reject(new Error(detail));
    });
  });
  const unshare = childrenOf(child.pid!).find((pid) => commandOf(pid) === 'unshare')!;
  const init = childOf(unshare);
  return { child, unshare, init, namespace: pidNamespaceOf(init) };
}

describe('a kill -9', () => {
  it.each([
    ['the driver', (it: Awaited<ReturnType<typeof driver>>) => it.child.pid!],
    ['its unshare', (it: Awaited<ReturnType<typeof driver>>) => it.unshare],
    ["the lab's first process", (it: Awaited<ReturnType<typeof driver>>) => it.init],
    ['the builder', (it: Awaited<ReturnType<typeof driver>>) => childOf(it.init)],
  ])('of %s leaves nothing', async (_, victim) => {
    const running = await driver();
    const exited = once(running.child, 'exit');
    expect(processesIn(running.namespace).length).toBeGreaterThan(15);
    process.kill(victim(running), 'SIGKILL');
    await exited;
    await expectGone(running.namespace, 'at-test-end');
    await expect.poll(() => existsSync(runDirectory)).toBe(false);
    expect(machineState()).toEqual(before);
  });
});

it('an interrupt ends the lab in order', async () => {
  const running = await driver();
  const exited = once(running.child, 'exit');
  running.child.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
  await expectGone(running.namespace, 'at-test-end', 0);
});

it('down leaves nothing, and takes the commands along that still run', async () => {
  const lab = await Lab.up(await smallLab('test-end', 203, { guests: 'define' }));
  const namespace = pidNamespaceOf(lab.initPid);
  const sleeper = lab.exec('c1', ['sh', '-c', 'echo asleep; exec sleep 600']);
  for await (const line of sleeper.lines()) if (line === 'asleep') break;
  const logs = join(directory, 'logs');
  await lab.down(logs);
  await expectGone(namespace, 'at-test-end', 0);
  expect(existsSync(lab.plan.runDirectory)).toBe(false);
  expect(readdirSync(join(logs, 'a1', 'openvswitch'))).toContain('ovs-vswitchd.log');
  expect(await sleeper.exit).toEqual({ code: null, signal: 'SIGKILL' });
  expect(() => lab.exec('c1', ['true'])).toThrow(LabEnded);
  await lab.down();
  expect(machineState()).toEqual(before);
});

it('a step that fails is named, and leaves nothing', async () => {
  const plan = await smallLab('test-end', 203);
  const broken = {
    ...plan,
    nodes: plan.nodes.map((node) =>
      node.name === 'b1'
        ? { ...node, start: [...node.start, { what: 'fly', argv: ['ls', '/nowhere'] }] }
        : node,
    ),
  };
  const attempt = Lab.up(broken);
  await expect(attempt).rejects.toThrow(LabStartFailed);
  await expect(attempt).rejects.toThrow(/^lab test-end did not come up: could not fly at b1: .*No such file/);
  expect(existsSync(plan.runDirectory)).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const lab = await Lab.up(await smallLab('test-end', 203, { guests: 'define' }));
  await lab.down();
});
