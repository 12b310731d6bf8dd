/**
 * How many packets a second go to a guest where it is, by the counters of the flows that deliver them. OVS brings
 * those up to date a few times a second, so a rate over less than a second would be a guess.
 */
import type { Clock } from '../../controller/clock.ts';
import { migration as limits } from '../../controller/limits.ts';
import type { Guest } from '../../controller/network/model.ts';
import type { HostName } from '../../controller/network/names.ts';
import type { Fabric } from '../../controller/switches/fabric.ts';
import { DELIVERING, guestPackets } from './guest-packets.ts';

export class PacketRate {
  readonly #fabric: Pick<Fabric, 'packets'>;
  readonly #host: HostName;
  readonly #guest: Pick<Guest, 'interfaces'>;
  readonly #clock: Clock;
  #counted: { readonly at: number; readonly packets: number } | undefined;
  #askedAt = -Infinity;
  #counting = false;
  #packetsPerSecond: number | undefined;

  constructor(
    fabric: Pick<Fabric, 'packets'>,
    host: HostName,
    guest: Pick<Guest, 'interfaces'>,
    clock: Clock,
  ) {
    this.#fabric = fabric;
    this.#host = host;
    this.#guest = guest;
    this.#clock = clock;
  }

  /** Undefined before it has been counted twice. */
  get packetsPerSecond(): number | undefined {
    return this.#packetsPerSecond;
  }

  /** Counts, when it is time to. */
  async count(now: number): Promise<void> {
    if (this.#counting || now < this.#askedAt + limits.countInterval) return;
    this.#counting = true;
    this.#askedAt = now;
    try {
      const packets = await guestPackets(this.#fabric, this.#host, this.#guest, DELIVERING);
      if (packets === undefined) return;
      const at = this.#clock.now();
      const last = this.#counted;
      if (last !== undefined) {
        this.#packetsPerSecond = (Math.max(0, packets - last.packets) / (at - last.at)) * 1000;
      }
      this.#counted = { at, packets };
    } finally {
      this.#counting = false;
    }
  }
}
