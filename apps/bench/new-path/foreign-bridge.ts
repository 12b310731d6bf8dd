/**
 * A bridge of somebody else's in a host's OVS, whose one flow tells sources apart, and a sender behind it: so the datapath
 * that it shares with ours comes to hold a megaflow for each source. The lab's end is its end.
 */
import { join } from 'node:path';
import { switches as limits } from '../../../controller/limits.ts';
import type { Lab } from '../../../topologies/lab/lab.ts';
import { packageRoot } from '../../../topologies/lab/package-root.ts';
import type { LabProcess } from '../../../topologies/lab/process.ts';

const BRIDGE = 'foreign';
const INSIDE = 'foreign-in';
const OUTSIDE = 'foreign-out';
const SOURCES = 12_000;
/** A change of flows makes OVS delete slow megaflows when they are many; so they are all back within 4 s. */
const RATE = 3_000;
/** At the longest. */
const SECONDS = 60;
const GRACE_MS = 2_000;

export class ForeignBridge {
  readonly #lab: Lab;
  readonly #host: string;
  #sender: LabProcess | undefined;

  private constructor(lab: Lab, host: string) {
    this.#lab = lab;
    this.#host = host;
  }

  /** To be made before captures begin, which leave out the interfaces that are there. */
  static async add(lab: Lab, host: string): Promise<ForeignBridge> {
    const commands = [
      ['ip', 'link', 'add', 'name', INSIDE, 'type', 'veth', 'peer', 'name', OUTSIDE],
      ['ip', 'link', 'set', INSIDE, 'up'],
      ['ip', 'link', 'set', OUTSIDE, 'up'],
      [
        ...['ovs-vsctl', '--timeout=10', 'add-br', BRIDGE, '--', 'add-port', BRIDGE, INSIDE],
        ...['--', 'set', 'bridge', BRIDGE, 'datapath_type=netdev', 'fail_mode=secure'],
      ],
      ['ovs-ofctl', 'add-flow', BRIDGE, 'ip,actions=move:NXM_OF_IP_SRC[]->NXM_NX_REG0[],LOCAL'],
    ];
    for (const command of commands) await lab.run(host, command);
    return new ForeignBridge(lab, host);
  }

  /** Its packets' megaflows are kept for as long as `max-idle` says, by default as the controller has it. */
  async send(maxIdleMs: number = limits.megaflowIdle): Promise<void> {
    await this.#keepIdle(maxIdleMs);
    this.#sender = this.#lab.exec(this.#host, [
      ...['python3', join(packageRoot, 'apps/bench/random-sources.py'), OUTSIDE, '02:00:00:00:00:01'],
      ...['192.0.2.1', 'udp', String(RATE), String(SECONDS), String(SOURCES), '1'],
    ]);
    void this.#sender.text();
  }

  /** What it made is soon forgotten. */
  async rest(): Promise<void> {
    await this.#sender?.stop(GRACE_MS);
    this.#sender = undefined;
    await this.#keepIdle(limits.megaflowIdle);
  }

  async #keepIdle(ms: number): Promise<void> {
    const wish = ['set', 'Open_vSwitch', '.', `other_config:max-idle=${ms}`];
    await this.#lab.run(this.#host, ['ovs-vsctl', '--timeout=10', ...wish]);
  }
}
