/**
 * A lab with its controller: up, ready, and down again, whatever happens in between.
 */
import type { Clock } from '../../controller/clock.ts';
import { lab as limits } from '../../controller/limits.ts';
import { probeAccelerator } from '../../topologies/lab/accelerator.ts';
import { expand } from '../../topologies/lab/expand.ts';
import { guestImage } from '../../topologies/lab/image.ts';
import { Lab } from '../../topologies/lab/lab.ts';
import type { LabPlan } from '../../topologies/lab/plan.ts';
import type { Topology } from '../../topologies/schema.ts';
import { ApiClient } from '../api/client.ts';
import { ControllerProcess } from './controller-process.ts';
import { BridgesNotReadyError } from './errors.ts';

export interface LabSessionOptions {
  readonly topology: Topology;
  readonly topologyFile: string;
  /** Where the controller's API listens: `127.0.0.1:8653`. */
  readonly api: string;
  /** Where the controller logs to: not in the lab's run directory, which is gone by the time that somebody looks. */
  readonly controllerLog: string;
  readonly clock: Clock;
  /** What is being done, for people. */
  readonly onProgress: (stage: LabStage, detail: string) => void;
}

export type LabStage = 'image' | 'network' | 'guests' | 'controller';

export class LabSession {
  readonly lab: Lab;
  readonly api: ApiClient;
  readonly controller: ControllerProcess;
  readonly accelerator: string;

  private constructor(lab: Lab, api: ApiClient, controller: ControllerProcess, accelerator: string) {
    this.lab = lab;
    this.api = api;
    this.controller = controller;
    this.accelerator = accelerator;
  }

  /** Brings everything up: network, guests that serve, and a controller that has all bridges in hand. */
  static async up(options: LabSessionOptions): Promise<LabSession> {
    const { topology, controllerLog: logFile, clock, onProgress } = options;
    onProgress('image', 'kernel and initial RAM disk of the guests');
    const image = await guestImage();
    onProgress('image', 'can guests run under KVM?');
    const { accelerator, reason } = await probeAccelerator(image);
    onProgress(
      'image',
      `guests run under ${accelerator === 'kvm' ? 'KVM' : 'software emulation'}: ${reason}`,
    );
    const plan = expand(topology, { image, accelerator });
    const lab = await Lab.up(plan, {
      onProgress: ({ node, what }) => onProgress('network', `${node}: ${what}`),
    });
    const api = new ApiClient(`http://${options.api}`);
    const controller = new ControllerProcess({
      plan,
      topologyFile: options.topologyFile,
      api: options.api,
      logFile,
      clock,
    });
    const session = new LabSession(lab, api, controller, accelerator);
    try {
      onProgress('controller', 'starting');
      await controller.start(api);
      await session.#bridgesReady(plan, clock, logFile, onProgress);
      for (const [i, { name }] of plan.guests.entries()) {
        onProgress('guests', `${name} (${i + 1} of ${plan.guests.length})`);
        await lab.guestReady(name);
      }
      return session;
    } catch (error) {
      await session.down();
      throw error;
    }
  }

  /** Takes everything down, and its files away; the nodes' logs are kept in `logs`, if that is given. */
  async down(logs?: string): Promise<void> {
    await this.controller.stop();
    await this.lab.down(logs);
  }

  /** Every bridge, of hosts and edges, and every libvirtd is in the controller's hand. */
  async #bridgesReady(
    { network }: LabPlan,
    clock: Clock,
    logFile: string,
    onProgress: LabSessionOptions['onProgress'],
  ): Promise<void> {
    const deadline = clock.now() + limits.bridgesReady;
    for (;;) {
      const [hosts, edges] = await Promise.all([this.api.hosts(), this.api.edges()]);
      const ready = new Set(
        [
          ...hosts.filter(({ openflow, libvirt }) => openflow === 'connected' && libvirt === 'connected'),
          ...edges.filter(({ openflow }) => openflow === 'connected'),
        ].map(({ name }) => name),
      );
      const names = [...network.hosts, ...network.edges].map(({ name }) => name);
      const missing = names.filter((name) => !ready.has(name));
      onProgress('controller', `${names.length - missing.length} of ${names.length} bridges in hand`);
      if (missing.length === 0) return;
      if (clock.now() > deadline) throw new BridgesNotReadyError(missing, limits.bridgesReady, logFile);
      await new Promise<void>((resolve) => clock.after(limits.poll, resolve));
    }
  }
}
