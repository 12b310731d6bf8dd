/**
 * Who copies now: so many migrations at a time from and to a host, the others wait, first come first served.
 *
 * Copies share the network and the processors of their hosts. Ten at once would take as long as one after the other,
 * and each of them ten times as long as it needs, with a blackout that is longer for the smaller share. One that waits
 * for a busy host does not hold up another between idle ones.
 */
import type { HostName } from '../../controller/network/model.ts';

interface Waiting {
  readonly hosts: readonly HostName[];
  readonly go: (end: () => void) => void;
}

export class Turns {
  readonly #limit: number;
  readonly #copying = new Map<HostName, number>();
  #waiting: Waiting[] = [];

  /** `limit`: copies at a time that a host takes part in. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves when it is the turn of a copy between these hosts; what it gives ends the turn, once. */
  async take(hosts: readonly HostName[]): Promise<() => void> {
    return new Promise((go) => {
      this.#waiting.push({ hosts, go });
      this.#next();
    });
  }

  #next(): void {
    this.#waiting = this.#waiting.filter((waiting) => {
      if (waiting.hosts.some((host) => this.#count(host) >= this.#limit)) return true;
      this.#add(waiting.hosts, 1);
      let ended = false;
      waiting.go(() => {
        if (ended) return;
        ended = true;
        this.#add(waiting.hosts, -1);
        this.#next();
      });
      return false;
    });
  }

  #count(host: HostName): number {
    return this.#copying.get(host) ?? 0;
  }

  #add(hosts: readonly HostName[], change: number): void {
    for (const host of hosts) this.#copying.set(host, this.#count(host) + change);
  }
}
