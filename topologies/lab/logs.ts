/**
 * What the daemons of a lab's nodes wrote, kept from a lab that ends.
 */
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPlan } from './plan.ts';

/** A node's directories of logs are those that it mounts below /var/log. */
const LOGS = 'var-log-';

/** Copies each node's logs to a directory of its name in `to`. */
export function keepLogs({ runDirectory, nodes }: LabPlan, to: string): void {
  for (const { name } of nodes) {
    const node = join(runDirectory, name);
    if (!existsSync(node)) continue;
    for (const directory of readdirSync(node)) {
      if (!directory.startsWith(LOGS)) continue;
      cpSync(join(node, directory), join(to, name, directory.slice(LOGS.length)), { recursive: true });
    }
  }
}
