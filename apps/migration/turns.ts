/**
 * Who copies now: so many migrations at a time from and to a host; the others wait, first come, first served.
 *
 * Copies share the network and the processors of their hosts. Ten at once would take as long as one after the other, and
 * each of them ten times as long as it needs, with ten times the memory dirtied meanwhile. One that waits for a busy host
 * does not hold up another between idle ones.
 */
import type { HostName } from '../../controller/network/names.ts';

interface Waiting {
  readonly id: string;
  readonly hosts: readonly HostName[];
  readonly go: () => void;
}

export class Turns {
  readonly #limit: number;
  readonly #copying = new Map<string, readonly HostName[]>();
  #waiting: Waiting[] = [];

  /** `limit`: copies at a time that a host takes part in. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves when it is the migration's turn to copy between these hosts; never, when it is ended before. */
  take(id: string, hosts: readonly HostName[]): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push({ id, hosts, go });
      this.#next();
    });
  }

  /** It copies, whoever's turn it is: nobody asked us. */
  join(id: string, hosts: readonly HostName[]): void {
    this.#copying.set(id, hosts);
  }

  /** It copies no more, or never will. */
  end(id: string): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting.id !== id);
    if (this.#copying.delete(id)) this.#next();
  }

  #next(): void {
    this.#waiting = this.#waiting.filter(({ id, hosts, go }) => {
      if (hosts.some((host) => this.#copies(host) >= this.#limit)) return true;
      this.#copying.set(id, hosts);
      go();
      return false;
    });
  }

  #copies(host: HostName): number {
    return [...this.#copying.values()].filter((hosts) => hosts.includes(host)).length;
  }
}
