/**
 * `arctictern lab`: whole networks on this machine, with real hypervisors, and experiments in them.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, openSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { Listr, type ListrTask } from 'listr2';
import pc from 'picocolors';
import { systemClock } from '../../../controller/clock.ts';
import { lab as limits } from '../../../controller/limits.ts';
import { readTopology } from '../../../topologies/parse.ts';
import { LabNotDescribed } from '../../../topologies/lab/errors.ts';
import { NoExperimentError, RunInterruptedError } from '../../lab/errors.ts';
import { createResults } from '../../lab/results.ts';
import { describeStep, runExperiment } from '../../lab/run.ts';
import { LabSession } from '../../lab/session.ts';
import type { RunSummary } from '../../lab/summary.ts';
import { readSupervisor, type SupervisorRecord, writeSupervisor } from '../../lab/supervisor-file.ts';
import { connectionTable, migrationTable } from '../../lab/table.ts';
import { LabNotUpError, LabSuperviseError, NoSuchNodeError, RootNeededError } from '../errors.ts';

const RUN_ROOT = '/run/arctictern';

export function labCommand(): Command {
  const lab = new Command('lab')
    .enablePositionalOptions()
    .description(
      'Labs on this machine: hypervisors, routers, clients and a WAN in network namespaces, with real OVS, libvirt and QEMU.',
    );
  lab
    .command('run')
    .description('Bring a lab up, run its experiment, print what came of it, and take everything down again.')
    .argument('<topology>', 'a topology file with `lab` and `experiment` sections')
    .option('--results <directory>', 'where the run’s folder is made', 'results')
    .option('--api <address:port>', 'where the lab’s controller has its API', '127.0.0.1:8653')
    .option('--json', 'print the summary as JSON', false)
    .addHelpText(
      'after',
      `
The run's folder, ${pc.bold('results/LAB-TIME')} (also ${pc.bold('results/latest')}), holds summary.json, a packet capture of every
client and uplink, what each connection observed, and the logs. Exit code 1 when a connection was lost.

Example:
  arctictern lab run topologies/first-flight.yaml`,
    )
    .action(run);
  lab
    .command('up')
    .description('Bring a lab up with its controller, and leave it running in the background.')
    .argument('<topology>', 'a topology file with a `lab` section')
    .option('--api <address:port>', 'where the lab’s controller has its API', '127.0.0.1:8653')
    .addHelpText(
      'after',
      `
Example:
  arctictern lab up topologies/first-flight.yaml
  arctictern guests
  arctictern migrate web --to b1
  arctictern lab down`,
    )
    .action(up);
  lab
    .command('down')
    .description('Take a lab down that was brought up with `lab up`.')
    .argument('[name]', 'the lab’s name; may be left out when there is only one')
    .action(down);
  lab
    .command('exec')
    .description('Run a command in a node of a lab that is up: a host, a router, a client.')
    .argument('<node>', 'the node’s name')
    .argument('[command...]', 'the command; a shell without one')
    .option('--lab <name>', 'the lab’s name; may be left out when there is only one')
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Examples:
  arctictern lab exec c1 ping 10.1.0.100
  arctictern lab exec a1 ovs-ofctl -O OpenFlow15 dump-flows br-int
  arctictern lab exec b1 virsh list`,
    )
    .action(exec);
  lab
    .command('supervise', { hidden: true })
    .argument('<topology>')
    .option('--api <address:port>', '', '127.0.0.1:8653')
    .action(supervise);
  return lab;
}

interface RunContext {
  session?: LabSession;
  summary?: RunSummary;
}

async function run(file: string, options: { results: string; api: string; json: boolean }): Promise<void> {
  needRoot('lab run');
  const topology = readTopology(file);
  const { experiment } = topology;
  if (topology.lab === undefined) throw new LabNotDescribed(topology.name);
  if (experiment === undefined) throw new NoExperimentError(file);
  const results = createResults(resolve(options.results), topology.name, systemClock.now());
  const interrupt = interruption();
  const context: RunContext = {};
  const lines = new Map<number, (detail: string) => void>();

  const stepTask = (index: number, title: string, done: Promise<unknown>[]): ListrTask<RunContext> => ({
    title,
    task: async (_context, task) => {
      lines.set(index, (detail) => (task.output = detail));
      await done[index];
    },
  });
  try {
    const gates = experiment.steps.map(() => gate()).concat(gate());
    let lastDetail = '';
    const onStep = (step: number, detail: string): void => {
      for (let i = 0; i < step; i++) gates[i]!.open();
      if (detail !== lastDetail) lines.get(step)?.(detail);
      lastDetail = detail;
    };
    const tasks = new Listr<RunContext>(
      [
        {
          title: `bring up lab ${topology.name}`,
          task: async (ctx, task) => {
            ctx.session = await interruptible(
              interrupt.signal,
              LabSession.up({
                topology,
                topologyFile: resolve(file),
                api: options.api,
                controllerLog: results.file('logs/controller.jsonl'),
                clock: systemClock,
                onProgress: (stage, detail) => (task.output = `${stage}: ${detail}`),
              }),
            );
            context.session = ctx.session;
            task.title = `lab ${topology.name} is up: ${ctx.session.lab.plan.nodes.length} nodes, guests under ${ctx.session.accelerator}, WAN delay by ${ctx.session.lab.delay}`;
            const running = runExperiment({
              session: ctx.session,
              topology,
              experiment,
              results,
              clock: systemClock,
              signal: interrupt.signal,
              onStep,
            });
            running.then(
              (summary) => {
                context.summary = summary;
                for (const one of gates) one.open();
              },
              (error: unknown) => {
                for (const one of gates) one.fail(error);
              },
            );
          },
        },
        ...experiment.steps.map((step, i) =>
          stepTask(
            i,
            describeStep(step),
            gates.map((one) => one.passed),
          ),
        ),
        stepTask(
          experiment.steps.length,
          'close connections, count',
          gates.map((one) => one.passed),
        ),
      ],
      {
        ctx: context,
        rendererOptions: { showErrorMessage: false, collapseErrors: false },
        fallbackRenderer: 'simple',
        silentRendererCondition: options.json,
      },
    );
    await tasks.run(context);
  } finally {
    await takeDown(context.session, results.file('logs'));
    interrupt.end();
  }
  const { summary } = context;
  if (summary === undefined) return;
  if (options.json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
  } else {
    process.stdout.write(`\n${migrationTable(summary)}\n\n${connectionTable(summary)}\n\n`);
    process.stdout.write(
      `${summary.passed ? pc.green('All connections survived.') : pc.red('Not everything survived.')} Evidence: ${results.path}\n`,
    );
  }
  if (!summary.passed) process.exitCode = 1;
}

async function up(file: string, options: { api: string }): Promise<void> {
  needRoot('lab up');
  const topology = readTopology(file);
  if (topology.lab === undefined) throw new LabNotDescribed(topology.name);
  mkdirSync(RUN_ROOT, { recursive: true });
  const logFile = join(RUN_ROOT, `${topology.name}.log`);
  const log = openSync(logFile, 'w');
  const child = spawn(
    process.execPath,
    [process.argv[1]!, 'lab', 'supervise', resolve(file), '--api', options.api],
    {
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    },
  );
  const tasks = new Listr(
    [
      {
        title: `bring up lab ${topology.name}`,
        task: (_context, task) =>
          new Promise<void>((done, failed) => {
            child.on('message', (message: SupervisorMessage) => {
              if (message.type === 'progress') task.output = message.detail;
              else if (message.type === 'ready') done();
              else failed(new LabSuperviseError(message.detail));
            });
            child.once('exit', () => failed(new LabSuperviseError(`it ended; its log is ${logFile}`)));
          }),
      },
    ],
    { rendererOptions: { showErrorMessage: false }, fallbackRenderer: 'simple' },
  );
  await tasks.run();
  child.disconnect();
  child.unref();
  process.stdout.write(`Try: arctictern guests; arctictern lab down ${topology.name}\n`);
}

type SupervisorMessage =
  { readonly type: 'progress' | 'failed'; readonly detail: string } | { readonly type: 'ready' };

async function supervise(file: string, options: { api: string }): Promise<void> {
  const say = (message: SupervisorMessage): void => {
    if (process.connected) process.send!(message);
  };
  const topology = readTopology(file);
  const interrupt = interruption();
  let session: LabSession | undefined;
  try {
    session = await interruptible(
      interrupt.signal,
      LabSession.up({
        topology,
        topologyFile: file,
        api: options.api,
        clock: systemClock,
        onProgress: (stage, detail) => say({ type: 'progress', detail: `${stage}: ${detail}` }),
      }),
    );
    const { lab } = session;
    writeSupervisor(lab.plan.runDirectory, {
      lab: topology.name,
      api: options.api,
      doors: Object.fromEntries(lab.plan.nodes.map(({ name }) => [name, lab.enter(name, [])])),
    });
    say({ type: 'ready' });
    if (process.connected) process.disconnect();
    await Promise.race([interrupt.happened, session.lab.ended]);
  } catch (error) {
    say({ type: 'failed', detail: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  } finally {
    await takeDown(session);
    interrupt.end();
  }
}

async function down(name: string | undefined): Promise<void> {
  needRoot('lab down');
  const record = runningLab(name);
  process.kill(record.pid, 'SIGTERM');
  const deadline = systemClock.now() + limits.stop + limits.controllerStop;
  while (readSupervisor(join(RUN_ROOT, record.lab)) !== undefined && systemClock.now() < deadline) {
    await new Promise<void>((done) => systemClock.after(limits.poll, done));
  }
  process.stdout.write(`Lab ${record.lab} is down.\n`);
}

function exec(node: string, command: readonly string[], options: { lab?: string }): void {
  needRoot('lab exec');
  const { lab, doors } = runningLab(options.lab);
  const door = doors[node];
  if (door === undefined) throw new NoSuchNodeError(lab, node, Object.keys(doors));
  const [file = '', ...rest] = [...door, ...(command.length === 0 ? ['bash'] : command)];
  process.exitCode = spawnSync(file, rest, { stdio: 'inherit' }).status ?? 1;
}

/** The lab of that name that runs in the background, or the only one. */
function runningLab(name: string | undefined): SupervisorRecord {
  const records = labNames()
    .filter((one) => name === undefined || one === name)
    .flatMap((one) => readSupervisor(join(RUN_ROOT, one)) ?? []);
  const [record, ...others] = records;
  if (record === undefined) throw new LabNotUpError(name);
  if (others.length > 0) {
    throw new LabNotUpError(
      undefined,
      records.map(({ lab }) => lab),
    );
  }
  return record;
}

function labNames(): string[] {
  try {
    return readdirSync(RUN_ROOT);
  } catch {
    return [];
  }
}

async function takeDown(session: LabSession | undefined, logs?: string): Promise<void> {
  if (session !== undefined) await session.down(logs);
}

function needRoot(command: string): void {
  if (process.getuid?.() !== 0) throw new RootNeededError(command);
}

/** Turns SIGINT and SIGTERM into an abort, so that what was begun is taken down in order. */
function interruption() {
  const controller = new AbortController();
  const happened = new Promise<void>((done) => controller.signal.addEventListener('abort', () => done()));
  const interrupt = (): void => controller.abort(new RunInterruptedError());
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return {
    signal: controller.signal,
    happened,
    end: () => {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    },
  };
}

/** A lab that comes up after the interruption is taken down again. */
async function interruptible(signal: AbortSignal, coming: Promise<LabSession>): Promise<LabSession> {
  const session = await coming;
  if (signal.aborted) {
    await session.down();
    throw signal.reason;
  }
  return session;
}

function gate() {
  let open!: () => void;
  let fail!: (error: unknown) => void;
  const passed = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  passed.catch(() => undefined);
  return { passed, open, fail };
}
