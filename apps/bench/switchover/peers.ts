/**
 * The two labs that are compared, each with a guest that moves to and fro: ours, with its controller, and one of
 * learning switches, where libvirt migrates and QEMU's RARP tells the switches. Both are up at the same time, and
 * one migrates at a time.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../controller/clock.ts';
import { LibvirtClient } from '../../../controller/libvirt/index.ts';
import { probeAccelerator } from '../../../topologies/lab/accelerator.ts';
import { expand } from '../../../topologies/lab/expand.ts';
import { guestImage } from '../../../topologies/lab/image.ts';
import { Lab } from '../../../topologies/lab/lab.ts';
import { packageRoot } from '../../../topologies/lab/package-root.ts';
import { readTopology } from '../../../topologies/parse.ts';
import { LabSession } from '../../lab/session.ts';
import { MigrationNotCompletedError } from '../errors.ts';
import type { Strategy } from './figures.ts';

export const GUEST = 'web';
export const CLIENT = 'c1';
const API = '127.0.0.1:28653';
/** At 5,500 packets/s the destination's queue holds 180 ms: copies for 100, and this. */
export const MAX_BLACKOUT_MS = 60;
const POLL_MS = 50;
/** A migration of the benchmark that takes longer has failed. */
const PATIENCE_MS = 90_000;

export interface Stamps {
  readonly stoppedAt: number;
  readonly resumedAt: number;
  readonly copyMs: number;
  /** What the controller said that it could not keep to. */
  readonly warning: string | null;
}

export interface Peer {
  readonly lab: Lab;
  /** Where the guest is, and where it goes next. */
  readonly at: string;
  readonly next: string;
  /** Moves the guest; resolves when libvirt has ended it. */
  migrate(strategy: Strategy): Promise<Stamps>;
  down(): Promise<void>;
}

/** QEMU's stamps, heard from the libvirtds of both hosts. */
class Stopwatch {
  readonly #clients: ReadonlyMap<string, LibvirtClient>;
  #stopped = new Map<string, number>();
  #resumed = new Map<string, number>();

  private constructor(clients: ReadonlyMap<string, LibvirtClient>) {
    this.#clients = clients;
  }

  static async start(
    hosts: readonly { readonly name: string; readonly libvirt: string }[],
  ): Promise<Stopwatch> {
    const clients = new Map<string, LibvirtClient>();
    const watch = new Stopwatch(clients);
    for (const { name, libvirt } of hosts) {
      const client = await LibvirtClient.connect(libvirt);
      clients.set(name, client);
      await client.subscribeMonitor('STOP', ({ qemuTime }) => watch.#stopped.set(name, qemuTime));
      await client.subscribeMonitor('RESUME', ({ qemuTime }) => watch.#resumed.set(name, qemuTime));
    }
    return watch;
  }

  client(host: string): LibvirtClient {
    return this.#clients.get(host)!;
  }

  clear(): void {
    this.#stopped.clear();
    this.#resumed.clear();
  }

  async read(from: string, to: string): Promise<{ stoppedAt: number; resumedAt: number }> {
    const deadline = systemClock.now() + PATIENCE_MS;
    for (;;) {
      const [stoppedAt, resumedAt] = [this.#stopped.get(from), this.#resumed.get(to)];
      if (stoppedAt !== undefined && resumedAt !== undefined) return { stoppedAt, resumedAt };
      if (systemClock.now() > deadline) throw new MigrationNotCompletedError('QEMU told no STOP and RESUME');
      await sleep(POLL_MS);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
  }
}

interface Told {
  readonly copyMs: number | null;
  readonly warning: string | null;
}

abstract class TwoHosts implements Peer {
  readonly lab: Lab;
  protected readonly stopwatch: Stopwatch;
  readonly #hosts: readonly [string, string];
  #where = 0;

  constructor(lab: Lab, stopwatch: Stopwatch) {
    this.lab = lab;
    this.stopwatch = stopwatch;
    const [one, other] = lab.plan.network.hosts.map(({ name }) => name);
    this.#hosts = [one!, other!];
  }

  get at(): string {
    return this.#hosts[this.#where]!;
  }

  get next(): string {
    return this.#hosts[1 - this.#where]!;
  }

  async migrate(strategy: Strategy): Promise<Stamps> {
    const [from, to] = [this.at, this.next];
    this.stopwatch.clear();
    const begun = systemClock.now();
    const { copyMs, warning } = await this.move(strategy, from, to);
    this.#where = 1 - this.#where;
    const stamps = await this.stopwatch.read(from, to);
    return { ...stamps, copyMs: copyMs ?? stamps.stoppedAt - begun, warning };
  }

  /** Gives how long the copy took, if it knows. */
  protected abstract move(strategy: Strategy, from: string, to: string): Promise<Told>;
  abstract down(): Promise<void>;
}

class Ours extends TwoHosts {
  readonly #session: LabSession;
  readonly #bandwidthMiBps: number;

  constructor(session: LabSession, stopwatch: Stopwatch, bandwidthMiBps: number) {
    super(session.lab, stopwatch);
    this.#session = session;
    this.#bandwidthMiBps = bandwidthMiBps;
  }

  protected async move(strategy: Strategy, _from: string, to: string): Promise<Told> {
    const { api } = this.#session;
    const { id } = await api.migrate({
      guest: GUEST,
      to,
      strategy: strategy === 'mac-learning' ? 'redirect' : strategy,
      bandwidthMiBps: this.#bandwidthMiBps,
      maxBlackoutMs: MAX_BLACKOUT_MS,
    });
    const deadline = systemClock.now() + PATIENCE_MS;
    for (;;) {
      await sleep(POLL_MS);
      const { outcome, reason, copyMs, warning } = await api.migration(id);
      if (outcome === 'completed') return { copyMs, warning };
      if (outcome !== null || systemClock.now() > deadline) {
        throw new MigrationNotCompletedError(reason ?? 'it did not end');
      }
    }
  }

  async down(): Promise<void> {
    await this.stopwatch.close();
    await this.#session.down();
  }
}

class MacLearning extends TwoHosts {
  /** As `virsh migrate --live --p2p` does: at full speed, and with QEMU's own longest downtime (300 ms). */
  protected async move(_strategy: Strategy, from: string, to: string): Promise<Told> {
    const destination = this.lab.plan.network.hosts.find(({ name }) => name === to)!;
    const client = this.stopwatch.client(from);
    await client.migrate(await client.domainLookupByName(GUEST), {
      destination: destination.migration,
      uri: `tcp://${destination.underlay}`,
      listenAddress: destination.underlay,
      flags: { live: true, persistDest: true, undefineSource: true },
    });
    return { copyMs: null, warning: null };
  }

  async down(): Promise<void> {
    await this.stopwatch.close();
    await this.lab.down();
  }
}

/** The controller's log goes to `controllerLog`. */
export async function ours(bandwidthMiBps: number, controllerLog: string): Promise<Peer> {
  const topologyFile = join(packageRoot, 'topologies', 'switchover.yaml');
  const session = await LabSession.up({
    topology: readTopology(topologyFile),
    topologyFile,
    api: API,
    controllerLog,
    clock: systemClock,
    onProgress: () => undefined,
  });
  try {
    return new Ours(session, await Stopwatch.start(session.lab.plan.network.hosts), bandwidthMiBps);
  } catch (error) {
    await session.down();
    throw error;
  }
}

export async function macLearning(): Promise<Peer> {
  const image = await guestImage();
  const { accelerator } = await probeAccelerator(image);
  const topology = readTopology(join(packageRoot, 'topologies', 'mac-learning.yaml'));
  const lab = await Lab.up(expand(topology, { image, accelerator, failMode: 'standalone' }));
  try {
    await lab.guestReady(GUEST);
    return new MacLearning(lab, await Stopwatch.start(lab.plan.network.hosts));
  } catch (error) {
    await lab.down();
    throw error;
  }
}
