/** `arctictern lab run`: an experiment from beginning to end, and what came of it. */
import { copyFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Listr, type ListrTask } from 'listr2';
import pc from 'picocolors';
import { systemClock } from '../../../../controller/clock.ts';
import { LabNotDescribed } from '../../../../topologies/lab/errors.ts';
import { readTopology } from '../../../../topologies/parse.ts';
import { writeReport } from '../../../evidence/report.ts';
import { NoExperimentError } from '../../../lab/errors.ts';
import { createResults } from '../../../lab/results.ts';
import { describeStep, runExperiment } from '../../../lab/run.ts';
import { LabSession } from '../../../lab/session.ts';
import type { RunSummary } from '../../../lab/summary.ts';
import { attackTable, connectionTable, migrationTable } from '../../../lab/table.ts';
import { gate } from './gate.ts';
import { interruptible, interruption } from './interruption.ts';
import { needRoot } from './need-root.ts';
import { once } from './progress.ts';

interface RunContext {
  session?: LabSession;
  summary?: RunSummary;
}

export async function run(
  file: string,
  options: { results: string; api: string; json: boolean },
): Promise<void> {
  needRoot('lab run');
  const topology = readTopology(file);
  const { experiment } = topology;
  if (topology.lab === undefined) throw new LabNotDescribed(topology.name);
  if (experiment === undefined) throw new NoExperimentError(file);
  const results = createResults(resolve(options.results), topology.name, systemClock.now());
  copyFileSync(file, results.file('topology.yaml'));
  const interrupt = interruption();
  const context: RunContext = {};
  const lines = new Map<number, (detail: string) => void>();
  let current = 0;
  const attacked = Object.keys(experiment.attacks).length > 0;

  const stepTask = (index: number, title: string, done: Promise<unknown>[]): ListrTask<RunContext> => ({
    title,
    // Of an attack's story every line stays.
    ...(attacked ? { rendererOptions: { persistentOutput: true, outputBar: Infinity } } : {}),
    task: async (_context, task) => {
      lines.set(
        index,
        once((detail) => (task.output = detail), title),
      );
      await done[index];
    },
  });
  try {
    const gates = experiment.steps.map(() => gate()).concat(gate());
    const onStep = (step: number, detail: string): void => {
      for (let i = 0; i < step; i++) gates[i]!.open();
      current = step;
      lines.get(step)?.(detail);
    };
    const tasks = new Listr<RunContext>(
      [
        {
          title: `bring up lab ${topology.name}`,
          task: async (ctx, task) => {
            const say = once((detail) => (task.output = detail));
            ctx.session = await interruptible(
              interrupt.signal,
              LabSession.up({
                topology,
                topologyFile: resolve(file),
                api: options.api,
                controllerLog: results.file('logs/controller.jsonl'),
                clock: systemClock,
                onProgress: (stage, detail) => say(`${stage}: ${detail}`),
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
              onStory: (line) => lines.get(current)?.(line),
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
    await context.session?.down(results.file('logs'));
    interrupt.end();
  }
  const { summary } = context;
  if (summary === undefined) return;
  // The lab is down: what is made of its evidence takes nothing from it.
  writeReport(results.path);
  if (options.json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
  } else {
    const tables = [
      ...(summary.migrations.length > 0 || !attacked ? [migrationTable(summary)] : []),
      connectionTable(summary),
      ...(attacked ? [attackTable(summary)] : []),
    ];
    process.stdout.write(`\n${tables.join('\n\n')}\n\n`);
    process.stdout.write(
      `${summary.passed ? pc.green('All connections survived.') : pc.red('Not everything survived.')} Evidence: ${results.path}/report.html\n`,
    );
  }
  if (!summary.passed) process.exitCode = 1;
}
