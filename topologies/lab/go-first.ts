/**
 * Lets what a lab measures, and measures with, go before its guests. Under software emulation a guest takes all the
 * processor that it can get, while the machines that a lab stands for would each have their own.
 *
 * Where the kernel groups processes by session (sched(7), autogroup), a nice value counts within the group alone, so
 * both are set.
 */
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

export const FIRST_NICE = -10;

/** For `pid`, which leads a session of its own. Where this is not allowed, nothing changes. */
export function goFirst(pid: number): void {
  try {
    setPriority(pid, FIRST_NICE);
    writeFileSync(`/proc/${pid}/autogroup`, `${FIRST_NICE}`);
  } catch {
    // Without the right to, or without the file: it shares what there is.
  }
}

/** The same as a step of a node, for the daemon that the file names. What it starts begins a session of its own. */
export function goFirstCommand(pidFile: string): readonly [string, ...string[]] {
  return ['sh', '-c', `echo ${FIRST_NICE} 2>/dev/null > "/proc/$(cat ${pidFile})/autogroup" || true`];
}
