/** `arctictern lab down`: ends a lab that runs in the background. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../../controller/clock.ts';
import { lab as limits } from '../../../../controller/limits.ts';
import { readSupervisor } from '../../../lab/supervisor-file.ts';
import { LabStillUpError } from '../../errors.ts';
import { needRoot } from './need-root.ts';
import { logFileOf, RUN_ROOT, runningLab } from './running-lab.ts';

export async function down(name: string | undefined, options: { json: boolean }): Promise<void> {
  needRoot('lab down');
  const { lab, pid } = runningLab(name);
  process.kill(pid, 'SIGTERM');
  const patience = limits.stop + limits.controllerStop;
  const deadline = systemClock.now() + patience;
  while (readSupervisor(join(RUN_ROOT, lab))?.pid === pid) {
    if (systemClock.now() >= deadline) throw new LabStillUpError(lab, pid, patience, logFileOf(lab));
    await new Promise<void>((done) => systemClock.after(limits.poll, done));
  }
  rmSync(logFileOf(lab), { force: true });
  process.stdout.write(options.json ? `${JSON.stringify({ lab })}\n` : `Lab ${lab} is down.\n`);
}
