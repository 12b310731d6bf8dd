/** `arctictern lab down`: ends a lab that runs in the background. */
import { join } from 'node:path';
import { systemClock } from '../../../../controller/clock.ts';
import { lab as limits } from '../../../../controller/limits.ts';
import { readSupervisor } from '../../../lab/supervisor-file.ts';
import { needRoot } from './need-root.ts';
import { RUN_ROOT, runningLab } from './running-lab.ts';

export async function down(name: string | undefined): Promise<void> {
  needRoot('lab down');
  const record = runningLab(name);
  process.kill(record.pid, 'SIGTERM');
  const deadline = systemClock.now() + limits.stop + limits.controllerStop;
  while (readSupervisor(join(RUN_ROOT, record.lab)) !== undefined && systemClock.now() < deadline) {
    await new Promise<void>((done) => systemClock.after(limits.poll, done));
  }
  process.stdout.write(`Lab ${record.lab} is down.\n`);
}
