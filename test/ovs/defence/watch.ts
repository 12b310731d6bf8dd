/**
 * The detection of a controller, on the bed's real bridges: it reads their counters over OpenFlow, and takes the samples
 * that OVS sends, once OVSDB has told it where to. Only their way is the test's: out of the bridge's namespace.
 */
import { DefenceService } from '../../../apps/defence/service.ts';
import { isActive, type Verdict } from '../../../apps/defence/verdict.ts';
import { systemClock } from '../../../controller/clock.ts';
import type { FlowRecord } from '../../../controller/ipfix/index.ts';
import { BridgeDatabase } from '../../../controller/switches/bridge-database.ts';
import { SampleCollector } from '../../../controller/switches/sample-collector.ts';
import type { Bed, SwitchKey } from '../apps/bed.ts';

const COLLECTOR = { address: '127.0.0.1', port: 4739 };

/** Each configuration is another controller's. */
let sessions = 0;

export class Watch {
  readonly defence: DefenceService;
  /** What was told of verdicts, in order. */
  readonly told: Verdict[] = [];
  readonly records: FlowRecord[] = [];
  readonly faults: string[] = [];
  readonly #bed: Bed;
  readonly #collector: SampleCollector;
  readonly #sampling: readonly SwitchKey[];
  #databases: BridgeDatabase[] = [];

  /** Counters are read of every bridge, samples taken of these. */
  static async open(bed: Bed, ...sampling: readonly SwitchKey[]): Promise<Watch> {
    const watch = new Watch(bed, sampling.length === 0 ? ['a'] : sampling);
    for (const key of watch.#sampling) {
      await bed.room.run(`host-${key}`, ['ip', 'link', 'set', 'lo', 'up']);
      const socket = await bed.room.udp(`host-${key}`, COLLECTOR.address, COLLECTOR.port);
      // One collector for all: templates of one bridge are not another's.
      socket.onBytes((bytes) => watch.#collector.receive(bytes, key));
    }
    await watch.configure();
    watch.defence.start();
    return watch;
  }

  private constructor(bed: Bed, sampling: readonly SwitchKey[]) {
    this.#bed = bed;
    this.#sampling = sampling;
    this.defence = new DefenceService({
      network: bed.network,
      fabric: bed.fabric,
      clock: systemClock,
      onVerdict: (verdict) => this.told.push(verdict),
      onError: (host, error) => this.faults.push(`${host}: ${error.message}`),
    });
    this.#collector = new SampleCollector(systemClock, {
      accepts: () => true,
      onRecord: (record, domain) => {
        this.records.push(record);
        this.defence.sampled(domain, record);
      },
      onFault: (_, error) => this.faults.push(error.message),
      onError: (error) => this.faults.push(error.message),
    });
  }

  /** As a controller that has just started does it. */
  async configure(): Promise<void> {
    await this.#forget();
    const session = ++sessions;
    const { hosts, edges } = this.#bed.network.state;
    for (const key of this.#sampling) {
      await new Promise<void>((resolve) => {
        const one = { ...(hosts.get(key) ?? edges.get(key))!, ovsdb: this.#bed.ovsdb(key) };
        const targets = {
          controller: this.#bed.controllerOf(key),
          samples: `${COLLECTOR.address}:${COLLECTOR.port}`,
          session,
        };
        const database = new BridgeDatabase(one, () => targets, systemClock, {
          onBridge: () => undefined,
          onConnection: () => undefined,
          onConfigured: resolve,
          onError: (error) => this.faults.push(error.message),
        });
        this.#databases.push(database);
        database.start();
      });
    }
  }

  async #forget(): Promise<void> {
    await Promise.all(this.#databases.map((database) => database.close()));
    this.#databases = [];
  }

  get active(): Verdict[] {
    return [...this.defence.verdicts.values()].filter(isActive);
  }

  /** The first verdict that is so, now or soon. */
  async verdict(what: string, wanted: (verdict: Verdict) => boolean, patience = 5_000): Promise<Verdict> {
    const deadline = performance.now() + patience;
    for (;;) {
      const found = this.told.find(wanted);
      if (found !== undefined) return found;
      if (performance.now() > deadline) {
        const told = this.told.map(({ kind, origin, rate, sources, ended }) =>
          [kind, origin, Math.round(rate), sources.length, ended].join(' '),
        );
        throw new Error(`not within ${patience} ms: ${what}; told: ${told.join('; ')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async close(): Promise<void> {
    this.defence.close();
    await this.#forget();
  }
}
