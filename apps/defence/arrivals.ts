/**
 * How much a guest is sent and sends at the host that it is at, whichever way it is relayed there: from the counters of
 * the flows that deliver to it, and of those that take what it says.
 */
import type { Clock } from '../../controller/clock.ts';
import { flight as limits } from '../../controller/limits.ts';
import type { Guest } from '../../controller/network/model.ts';
import type { HostName } from '../../controller/network/names.ts';
import type { Fabric } from '../../controller/switches/fabric.ts';
import type { TableName } from '../../controller/switches/pipeline.ts';
import { DELIVERING, guestPackets } from '../migration/guest-packets.ts';

export interface Arrivals {
  /** Packets per second: to the guest, and from it. */
  readonly arrives: number;
  readonly answers: number;
}

interface Reading {
  readonly at: number;
  readonly to: number;
  readonly from: number;
}

const FROM_GUEST: readonly TableName[] = ['outbound'];

export class ArrivalMeter {
  readonly #fabric: Pick<Fabric, 'packets'>;
  readonly #clock: Clock;
  readonly #host: HostName;
  readonly #guest: Pick<Guest, 'interfaces'>;
  /** Oldest first. */
  #readings: Reading[] = [];

  constructor(
    fabric: Pick<Fabric, 'packets'>,
    clock: Clock,
    host: HostName,
    guest: Pick<Guest, 'interfaces'>,
  ) {
    this.#fabric = fabric;
    this.#clock = clock;
    this.#host = host;
    this.#guest = guest;
  }

  /** Reads the counters; undefined until there are two readings, and while the bridge is not connected. */
  async read(): Promise<Arrivals | undefined> {
    const [to, from] = await Promise.all([this.#sum(DELIVERING), this.#sum(FROM_GUEST)]);
    if (to === undefined || from === undefined) return undefined;
    const now = this.#clock.now();
    const before = this.#readings.at(-1);
    // Flows that were put anew count from zero.
    if (before !== undefined && (to < before.to || from < before.from)) this.#readings = [];
    this.#readings.push({ at: now, to, from });
    while (this.#readings.length > 2 && now - this.#readings[1]!.at >= limits.backOver)
      this.#readings.shift();
    const [first] = this.#readings;
    if (first === undefined || first.at === now) return undefined;
    const seconds = (now - first.at) / 1000;
    return { arrives: (to - first.to) / seconds, answers: (from - first.from) / seconds };
  }

  #sum(tables: readonly TableName[]): Promise<number | undefined> {
    return guestPackets(this.#fabric, this.#host, this.#guest, tables);
  }
}
