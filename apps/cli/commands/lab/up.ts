/** `arctictern lab up`: a lab in the background. */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { Listr } from 'listr2';
import { LabNotDescribed } from '../../../../topologies/lab/errors.ts';
import { readTopology } from '../../../../topologies/parse.ts';
import type { SupervisorRecord } from '../../../lab/supervisor-file.ts';
import { LabSuperviseError } from '../../errors.ts';
import { needRoot } from './need-root.ts';
import { once } from './progress.ts';
import { logFileOf, RUN_ROOT, runningLab } from './running-lab.ts';
import type { SupervisorMessage } from './supervise.ts';

export async function up(file: string, options: { api: string; json: boolean }): Promise<void> {
  needRoot('lab up');
  const topology = readTopology(file);
  if (topology.lab === undefined) throw new LabNotDescribed(topology.name);
  mkdirSync(RUN_ROOT, { recursive: true });
  const logFile = logFileOf(topology.name);
  rmSync(logFile, { force: true });
  // The controller writes to the same file.
  const log = openSync(logFile, 'a');
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
            const say = once((detail) => (task.output = detail));
            child.on('message', (message: SupervisorMessage) => {
              if (message.type === 'progress') say(message.detail);
              else if (message.type === 'ready') done();
              else failed(new LabSuperviseError(message.detail));
            });
            child.once('exit', () => failed(new LabSuperviseError(`it ended; its log is ${logFile}`)));
          }),
      },
    ],
    {
      rendererOptions: { showErrorMessage: false },
      fallbackRenderer: 'simple',
      silentRendererCondition: options.json,
    },
  );
  await tasks.run();
  child.disconnect();
  child.unref();
  process.stdout.write(
    options.json
      ? `${JSON.stringify(presentLab(runningLab(topology.name), logFile))}\n`
      : `Try: arctictern guests; arctictern lab down ${topology.name}\n`,
  );
}

/** What `lab up --json` tells. */
export interface LabObject {
  readonly lab: string;
  /** The process that holds the lab: a signal ends both. */
  readonly pid: number;
  /** The URL of its controller's API. */
  readonly api: string;
  /** What lab and controller say, in a file. */
  readonly log: string;
  readonly nodes: readonly string[];
}

function presentLab({ lab, pid, api, doors }: SupervisorRecord, log: string): LabObject {
  return { lab, pid, api: `http://${api}`, log, nodes: Object.keys(doors) };
}
