/**
 * Runs an experiment in a lab that is up: its steps one after the other, and what came of them.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../controller/clock.ts';
import { lab as limits } from '../../controller/limits.ts';
import { parseAddress } from '../../controller/network/address.ts';
import { opensConnections } from '../../controller/network/attack-kind.ts';
import { dnsNameOf } from '../../topologies/naming.ts';
import type {
  AttackSection,
  ConnectionSection,
  ExperimentSection,
  Topology,
} from '../../topologies/schema.ts';
import type { MigrationObject } from '../api/objects.ts';
import { attackCourses } from '../evidence/attacks.ts';
import { readRun } from '../evidence/run-folder.ts';
import { Attack } from './attack.ts';
import { Captures } from './captures.ts';
import { clockOffset } from './clock-offset.ts';
import { Connection } from './connections.ts';
import { NoCareOfAddressError } from './errors.ts';
import { megaflowsAt, MegaflowWatch } from './megaflows.ts';
import type { ResultsFolder } from './results.ts';
import type { LabSession } from './session.ts';
import { Story } from './story.ts';
import {
  type ConnectionSummary,
  machineOf,
  type MigrationSummary,
  type RunSummary,
  summarize,
} from './summary.ts';

type Step = ExperimentSection['steps'][number];
/** What the controller says of a migration. */
type Moved = Omit<MigrationSummary, 'megaflows'>;

export interface RunOptions {
  readonly session: LabSession;
  readonly topology: Topology;
  readonly experiment: ExperimentSection;
  readonly results: ResultsFolder;
  readonly clock: Clock;
  /** Aborts the run between two steps, or within a wait. */
  readonly signal: AbortSignal;
  /** `step` counts from 0; `detail` changes while it goes on. */
  readonly onStep: (step: number, detail: string) => void;
  /** A line of an attack's story, as it happens. */
  readonly onStory?: (line: string) => void;
}

interface Open {
  readonly connection: Connection;
  readonly guest: string;
  readonly at: ConnectionSection['at'];
  /** Migrations that had happened when it was opened. */
  readonly since: number;
}

/** What a step does, for people. */
export function describeStep(step: Step): string {
  if (step.open !== undefined) return `open ${step.open.join(', ')}`;
  if (step.close !== undefined) return `close ${step.close.join(', ')}`;
  if (step.migrate !== undefined) return `migrate ${step.migrate.guest} to ${step.migrate.to}`;
  if (step.attack !== undefined) return `attack: ${step.attack.join(', ')}`;
  return `let it run for ${(step.wait ?? 0) / 1e6} s`;
}

/** Runs it, and writes summary.json. Connections that are open at the end are closed. */
export async function runExperiment(options: RunOptions): Promise<RunSummary> {
  const { session, experiment, results, clock, signal } = options;
  const startedAt = clock.now();
  const beganMs = await clockOffset(clock);
  const captures = await Captures.start(session.lab, results, clock);
  const watch = new MegaflowWatch(session.lab, results, clock);
  const attacked = Object.keys(experiment.attacks).length > 0;
  const story = attacked
    ? new Story({ api: session.api, clock, tell: options.onStory ?? (() => undefined) })
    : undefined;
  const attacks: Attack[] = [];
  const open = new Map<string, Open>();
  const migrations: Moved[] = [];
  const connections: ConnectionSummary[] = [];

  const close = async (names: Iterable<string>): Promise<void> => {
    const closing = [...names].flatMap((name) => open.get(name) ?? []);
    const summaries = await Promise.all(
      closing.map(async ({ connection, guest, at, since }) => ({
        ...(await connection.close()),
        guest,
        at,
        migrations: migrations.length - since,
      })),
    );
    connections.push(...summaries);
    for (const { name } of summaries) open.delete(name);
  };

  try {
    for (const [i, step] of experiment.steps.entries()) {
      signal.throwIfAborted();
      options.onStep(i, describeStep(step));
      for (const name of step.open ?? []) {
        const section = experiment.connections[name]!;
        const target = await addressOf(options, `connection ${name}`, section);
        const connection = new Connection(
          session.lab,
          name,
          section,
          target,
          results,
          section.kind === 'http-requests' ? sourcesOf(options, section, target) : [],
        );
        story?.watch(results.file(`probes/${name}.jsonl`));
        open.set(name, { connection, guest: section.to, at: section.at, since: migrations.length });
      }
      await close(step.close ?? []);
      for (const name of step.attack ?? []) {
        const section = experiment.attacks[name]!;
        story?.attackBegins(describeAttack(name, section));
        // The tools that flood speak IPv4.
        const target = await addressOf(options, `attack ${name}`, { ...section, family: 4 });
        attacks.push(new Attack(session.lab, name, section, target, options.topology, clock));
      }
      if (step.wait !== undefined) await pause(clock, step.wait / 1000, signal);
      if (step.migrate !== undefined) migrations.push(await migrate(options, i, step.migrate));
    }
    options.onStep(experiment.steps.length, 'closing connections, counting');
    await close([...open.keys()]);
    options.onStep(experiment.steps.length, 'reading captures');
  } finally {
    story?.end();
    watch.stop();
    await Promise.all(attacks.map((attack) => attack.stop()));
    await captures.stop();
  }

  const known = new Set(migrations.map(({ id }) => id));
  // Guests under attack move by themselves.
  const fled = (await session.api.migrations()).filter(
    ({ id, entered }) => !known.has(id) && (entered['planned'] ?? 0) >= startedAt,
  );
  const [host] = await session.api.hosts();
  const summary = summarize({
    lab: session.lab.plan.name,
    startedAt,
    endedAt: clock.now(),
    clock: { beganMs, endedMs: await clockOffset(clock) },
    machine: machineOf(
      session.accelerator,
      session.lab.delay,
      host?.datapath?.ovsVersion ?? 'unknown',
      host?.datapath?.type ?? 'unknown',
    ),
    migrations: [...migrations, ...fled.map(summaryOf)].map((one) => ({
      ...one,
      megaflows: megaflowsAt(watch.samples, one.entered['switching'] ?? -Infinity),
    })),
    connections: connections.map((one) => ({
      ...one,
      migrations: one.migrations + movesWhileOpen(one, fled),
    })),
    attacks: await Promise.all(attacks.map(({ ended }) => ended)),
  });
  results.writeJson('summary.json', summary);
  if (!attacked) return summary;
  const told = withOutcomes(summary, results.path);
  results.writeJson('summary.json', told);
  // To read captures takes the loop for seconds; what came meanwhile, as the end of an idle connection, is heard first.
  await turn();
  return told;
}

function movesWhileOpen(
  { guest, startedAt, endedAt }: ConnectionSummary,
  moves: readonly MigrationObject[],
): number {
  return moves.filter(
    (one) =>
      one.guest === guest &&
      (one.entered['switching'] ?? Infinity) >= startedAt &&
      (one.entered['switching'] ?? Infinity) <= endedAt,
  ).length;
}

/** What came of the attacks is in the captures and the controller's log, which are whole only now. */
function withOutcomes(summary: RunSummary, folder: string): RunSummary {
  const courses = attackCourses(readRun(folder));
  const outcomes = new Map(courses.map(({ figures }) => [figures.name, figures]));
  return {
    ...summary,
    attacks: summary.attacks.map((attack) => {
      const figures = outcomes.get(attack.name);
      if (figures === undefined) return attack;
      const { firstPacketAt: _first, lastPacketAt: _last, ...outcome } = figures;
      return { ...attack, ...outcome };
    }),
  };
}

/** The client's addresses of the version of the target: each is a visitor of its own. */
function sourcesOf(
  { topology }: RunOptions,
  { client, family = 4 }: ConnectionSection,
  target: string,
): string[] {
  const version = parseAddress(target)?.version ?? family;
  const addresses = topology.lab?.clients[client]?.addresses ?? [];
  return addresses.filter((text) => parseAddress(text)?.version === version);
}

function describeAttack(name: string, { kind, from, sources, rate, duration, to }: AttackSection): string {
  const what = opensConnections(kind) ? 'connections' : 'packets';
  const whose = sources === 'spoofed' ? 'forged addresses' : 'their own addresses';
  return `${name}: ${kind} on ${to} from ${from.join(', ')}, ${whose}, ${rate} ${what}/s for ${duration / 1000} s`;
}

async function migrate(
  { session, clock, onStep }: RunOptions,
  index: number,
  {
    guest,
    to,
    strategy,
    relay,
    admit,
    bandwidth,
    maxBlackoutMs,
    autoConverge,
    postCopy,
    copyStorage,
  }: NonNullable<Step['migrate']>,
): Promise<Moved> {
  const { id } = await session.api.migrate({
    guest,
    to,
    ...(strategy === undefined ? {} : { strategy }),
    ...(relay === undefined ? {} : { relay }),
    ...(admit === undefined ? {} : { admit }),
    ...(bandwidth === undefined ? {} : { bandwidthMiBps: bandwidth }),
    ...(maxBlackoutMs === undefined ? {} : { maxBlackoutMs }),
    ...(autoConverge === undefined ? {} : { autoConverge }),
    ...(postCopy === undefined ? {} : { postCopy }),
    ...(copyStorage === undefined ? {} : { copyStorage }),
  });
  const deadline = clock.now() + limits.migration;
  let migration: MigrationObject;
  do {
    await new Promise<void>((resolve) => clock.after(limits.poll, resolve));
    migration = await session.api.migration(id);
    onStep(index, `migrate ${guest} to ${to}: ${migration.phase}`);
  } while ((migration.outcome === null || migration.outcome === 'failed') && clock.now() < deadline);
  // QEMU's own stamps may come in just after the phase.
  if (migration.blackoutMs === null && migration.outcome === 'completed') {
    await new Promise<void>((resolve) => clock.after(limits.poll, resolve));
    migration = await session.api.migration(id);
  }
  return summaryOf(migration);
}

function summaryOf(migration: MigrationObject): Moved {
  const { id, guest, to, from, fromSubnet, toSubnet, blackoutMs, copyMs, reason, warning, entered, outcome } =
    migration;
  return {
    id,
    guest,
    from,
    to,
    fromSubnet,
    toSubnet,
    strategy: migration.strategy,
    relay: migration.relay,
    outcome: outcome ?? 'failed',
    blackoutMs,
    copyMs,
    reason,
    warning,
    entered,
  };
}

/** An address, or the name that the client is to look up. */
async function addressOf(
  { session, topology }: RunOptions,
  what: string,
  { to: guest, at, family }: Pick<ConnectionSection, 'to' | 'at' | 'family'>,
): Promise<string> {
  // The client asks itself, when it connects.
  if (at === 'name') return dnsNameOf(topology, guest)!;
  const isWanted = (address: string): boolean =>
    family === undefined || parseAddress(address)?.version === family;
  if (at === 'home') return topology.guests[guest]!.addresses.find(isWanted)!;
  const { careOf } = await session.api.guest(guest);
  const address = [careOf?.ipv4, careOf?.ipv6].find((one) => one !== undefined && isWanted(one));
  if (address === undefined) throw new NoCareOfAddressError(what, guest);
  return address;
}

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', aborted);
      resolve();
    });
    const aborted = (): void => {
      cancel();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', aborted, { once: true });
  });
}
