/**
 * The detection of a controller, on the bed's real bridge: it reads the counters of host a over OpenFlow, and takes the
 * samples that OVS sends, once OVSDB has told it where to. Only their way is the test's: out of the host's namespace.
 */
import { DefenceService } from '../../../apps/defence/service.ts';
import { isActive, type Verdict } from '../../../apps/defence/verdict.ts';
import { systemClock } from '../../../controller/clock.ts';
import type { FlowRecord } from '../../../controller/ipfix/index.ts';
import { BridgeDatabase } from '../../../controller/switches/bridge-database.ts';
import { SampleCollector } from '../../../controller/switches/sample-collector.ts';
import type { Bed } from '../apps/bed.ts';

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
  #database: BridgeDatabase | undefined;

  static async open(bed: Bed): Promise<Watch> {
    const watch = new Watch(bed);
    await bed.room.run('host-a', ['ip', 'link', 'set', 'lo', 'up']);
    const socket = await bed.room.udp('host-a', COLLECTOR.address, COLLECTOR.port);
    socket.onBytes((bytes) => watch.#collector.receive(bytes, COLLECTOR.address));
    await watch.configure();
    watch.defence.start();
    return watch;
  }

  private constructor(bed: Bed) {
    this.#bed = bed;
    this.defence = new DefenceService({
      network: bed.network,
      fabric: bed.fabric,
      clock: systemClock,
      onVerdict: (verdict) => this.told.push(verdict),
      onError: (host, error) => this.faults.push(`${host}: ${error.message}`),
    });
    this.#collector = new SampleCollector(systemClock, {
      accepts: () => true,
      onRecord: (record, host) => {
        this.records.push(record);
        this.defence.sampled(host, record);
      },
      onFault: (_, error) => this.faults.push(error.message),
      onError: (error) => this.faults.push(error.message),
    });
  }

  /** As a controller that has just started does it. */
  async configure(): Promise<void> {
    await this.#database?.close();
    const session = ++sessions;
    await new Promise<void>((resolve) => {
      const host = { ...this.#bed.network.state.hosts.get('a')!, ovsdb: this.#bed.ovsdb('a') };
      const targets = {
        controller: this.#bed.controllerOf('a'),
        samples: `${COLLECTOR.address}:${COLLECTOR.port}`,
        session,
      };
      this.#database = new BridgeDatabase(host, () => targets, systemClock, {
        onBridge: () => undefined,
        onConnection: () => undefined,
        onConfigured: resolve,
        onError: (error) => this.faults.push(error.message),
      });
      this.#database.start();
    });
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
    await this.#database?.close();
  }
}
