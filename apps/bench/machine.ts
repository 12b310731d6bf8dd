/** What the figures were measured on. */
import { execFile } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { promisify } from 'node:util';

export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly openVSwitch: string;
  /** Average over one minute, when the benchmark began: what else was running. */
  readonly load: number;
}

export async function machineFacts(): Promise<MachineFacts> {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryMiB: Math.round(totalmem() / 1024 ** 2),
    kernel: release(),
    node: process.version,
    openVSwitch: await openVSwitchVersion(),
    load: loadavg()[0] ?? 0,
  };
}

async function openVSwitchVersion(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('ovs-vswitchd', ['--version']);
    return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? 'unknown';
  } catch {
    return 'not installed';
  }
}
