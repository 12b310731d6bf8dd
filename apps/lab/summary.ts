/**
 * What a run found, as `summary.json` has it.
 */
import { cpus, release } from 'node:os';
import type { AttackKind } from '../../controller/network/attack-kind.ts';
import type { ProbeSummary } from '../../topologies/probes/summary.ts';
import type { Destination } from '../../topologies/schema.ts';
import type { MigrationObject } from '../api/objects.ts';
import { version } from '../version.ts';

export interface RunSummary {
  readonly lab: string;
  readonly version: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  /**
   * Captures are stamped by the machine's clock, everything else by one that is not set while a program runs. The
   * first minus the second, in milliseconds, when the run began and when it ended: 0, or somebody set the clock.
   */
  readonly clock: { readonly beganMs: number; readonly endedMs: number };
  readonly machine: Machine;
  readonly migrations: readonly MigrationSummary[];
  readonly connections: readonly ConnectionSummary[];
  readonly attacks: readonly AttackSummary[];
  /** Every migration completed, and every connection survived. */
  readonly passed: boolean;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
  readonly accelerator: string;
  /** How the WAN's delay is made. */
  readonly delay: string;
  readonly ovs: string;
  readonly datapath: string;
}

export type MigrationSummary = Pick<
  MigrationObject,
  | 'id'
  | 'guest'
  | 'from'
  | 'to'
  | 'fromSubnet'
  | 'toSubnet'
  | 'strategy'
  | 'relay'
  | 'blackoutMs'
  | 'copyMs'
  | 'reason'
  | 'warning'
  | 'entered'
> & {
  readonly outcome: 'completed' | 'rolled-back' | 'failed';
  /** By host and edge: megaflows in its datapath at the switchover (apps/lab/megaflows.ts); empty where there was none. */
  readonly megaflows: Readonly<Record<string, number>>;
};

export type ConnectionSummary = ProbeSummary & {
  readonly guest: string;
  /** Which of the guest's addresses it was opened to. */
  readonly at: Destination;
  /** Migrations that happened while it was open. */
  readonly migrations: number;
};

/** An attack with what came of it, once the captures have been read. */
export type AttackSummary = AttackRecord & Partial<AttackOutcome>;

/** What was asked for, and when. */
export interface AttackRecord {
  readonly name: string;
  readonly kind: AttackKind;
  readonly sources: 'real' | 'spoofed';
  /** The attackers. */
  readonly from: readonly string[];
  readonly guest: string;
  /** An address or a name, and which of the guest's it is. */
  readonly target: string;
  readonly at: Destination;
  /** Where its packets went: more than one where a name came to mean another address. */
  readonly addresses: readonly string[];
  /** Of bots: what they opened, and what was completed. Null for floods. */
  readonly connections: { readonly opened: number; readonly completed: number } | null;
  /** Packets, or connections, a second. */
  readonly rate: number;
  /** Milliseconds since the Unix epoch: when its first command began, and when its last one had ended. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** What became of an attack, by the captures and the controller's log. Milliseconds since its first packet; null: not seen. */
export interface AttackOutcome {
  /** What the attackers sent, and what of it came to the guest. */
  readonly packets: number;
  readonly reached: number;
  /** The first verdict of the guest: its kind, and when the controller told of it. */
  readonly verdict: string | null;
  readonly verdictMs: number | null;
  /** What the verdict led to is in force at every bridge, by the controller. */
  readonly filteredMs: number | null;
  /** A bridge began to drop it, by the captures: the first packet that it did not give out; and which bridge. */
  readonly firstDropMs: number | null;
  readonly firstDropAt: string | null;
  /** The guest's flight was over: verified. */
  readonly safeMs: number | null;
  /** From the first drop (from the last packet, where nothing was dropped) until honest goodput was back. */
  readonly backMs: number | null;
  readonly honestGoodput: GoodputAround;
  /** Honest connections that were open when it began, and did not live. */
  readonly honestConnectionsLost: number;
}

/** Bits per second: of the seconds before it, from its first packet to its last, and after that. */
export interface GoodputAround {
  readonly before: number | null;
  readonly during: number | null;
  readonly after: number | null;
}

export function machineOf(accelerator: string, delay: string, ovs: string, datapath: string): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    kernel: release(),
    node: process.versions.node,
    accelerator,
    delay,
    ovs,
    datapath,
  };
}

export function summarize(run: Omit<RunSummary, 'version' | 'passed'>): RunSummary {
  const passed =
    run.migrations.every(({ outcome }) => outcome === 'completed') &&
    run.connections.every(({ survived }) => survived);
  return { version, ...run, passed };
}
