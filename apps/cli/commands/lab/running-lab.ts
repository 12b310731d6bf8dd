/**
 * Labs that run in the background on this machine.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readSupervisor, type SupervisorRecord } from '../../../lab/supervisor-file.ts';
import { LabNotUpError } from '../../errors.ts';

/** Where labs have their run directories. */
export const RUN_ROOT = '/run/arctictern';

/** What a lab in the background had to say: there as long as it is up, and after it has ended by itself. */
export const logFileOf = (lab: string): string => join(RUN_ROOT, `${lab}.log`);

/** The lab of that name that runs in the background, or the only one. */
export function runningLab(name: string | undefined): SupervisorRecord {
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
