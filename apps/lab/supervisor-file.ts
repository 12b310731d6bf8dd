/**
 * How a lab that runs in the background is found again: a file in its run directory that names the process
 * that holds it, told apart from a later process with the same number by when it started.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SupervisorRecord {
  readonly lab: string;
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly startTime: string;
  readonly api: string;
  /** For each node, the command line that runs another one in it. */
  readonly doors: Readonly<Record<string, readonly string[]>>;
}

const FILE = 'supervisor.json';

export function writeSupervisor(
  runDirectory: string,
  facts: Pick<SupervisorRecord, 'lab' | 'api' | 'doors'>,
): void {
  const record: SupervisorRecord = {
    ...facts,
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? '',
  };
  writeFileSync(join(runDirectory, FILE), `${JSON.stringify(record)}\n`);
}

/** The process that holds the lab; undefined when none does any more. */
export function readSupervisor(runDirectory: string): SupervisorRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(join(runDirectory, FILE), 'utf8')) as SupervisorRecord;
    return startTimeOf(record.pid) === record.startTime ? record : undefined;
  } catch {
    return undefined;
  }
}

function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
