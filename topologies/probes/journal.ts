/**
 * Has a guest with a disk append a record to it, again and again, each answered when it is on the disk; then has it
 * read all of them back. Prints `{"acknowledged": N, "right": M}`: a record was lost when M is less than N.
 *
 *     node dist/topologies/probes/journal.js 10.1.0.110 20
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { GuestControl } from './guest-control.ts';
import { untilStopped } from './probe.ts';

const DURATION_MS = 600_000;

const [address = '', interval = '20'] = process.argv.slice(2);
if (!(Number(interval) > 0)) throw new Error('usage: journal ADDRESS [INTERVAL_MS]');
const control = await GuestControl.to(address);
const stopped = untilStopped(DURATION_MS).then(() => true);
const appended = async (): Promise<number> => {
  const { records } = (await control.ask('append', 1)) as { records: number };
  const over = await Promise.race([stopped, sleep(Number(interval)).then(() => false)]);
  return over ? records : appended();
};
const acknowledged = await appended();
const { right } = (await control.ask('verify')) as { right: number };
control.close();
writeSync(1, `${JSON.stringify({ acknowledged, right })}\n`);
process.exit(0);
