/**
 * Acts on verdicts: blocks what they name for as long as they last, and lowers the admission of guests under a flood
 * from spoofed sources. A block outlives its verdict by its own end, so that an attack that pauses is met at once.
 */
import type { Cancel, Clock } from '../../controller/clock.ts';
import { admission, filtering as limits } from '../../controller/limits.ts';
import { type Block, sourcesIn } from '../../controller/network/blocklist.ts';
import { admissionLimited } from '../../controller/network/changes.ts';
import type { GuestName } from '../../controller/network/model.ts';
import type { Network } from '../../controller/network/network.ts';
import type { BlocklistService } from './blocklist.ts';
import { filteringFor, type WantedBlock } from './verdict-blocks.ts';
import type { VerdictFeed } from './verdict.ts';

export interface FilterOptions {
  readonly network: Network;
  readonly blocklist: Pick<BlocklistService, 'block' | 'add' | 'extend'>;
  readonly verdicts: VerdictFeed;
  readonly clock: Clock;
  readonly isFiltered: (guest: GuestName) => boolean;
  readonly onError: (error: Error) => void;
}

export class FilterService {
  readonly #options: FilterOptions;
  readonly #unfollow: () => void;
  #flooded: ReadonlySet<GuestName> = new Set();
  #cancel: Cancel = () => undefined;

  constructor(options: FilterOptions) {
    this.#options = options;
    this.#unfollow = options.verdicts.follow(() => this.#act());
    this.#act();
  }

  close(): void {
    this.#unfollow();
    this.#cancel();
  }

  #act(): void {
    const { network, verdicts, clock, isFiltered } = this.#options;
    const { allowed } = network.state.blocklist;
    const { blocks, flooded } = filteringFor(verdicts.verdicts, allowed.keys(), isFiltered);
    for (const wanted of blocks) {
      try {
        this.#block(wanted);
      } catch (error) {
        // The list is full, say: whatever else is wanted is done all the same.
        this.#options.onError(error instanceof Error ? error : new Error(String(error)));
      }
    }
    for (const guest of flooded) network.update(admissionLimited(guest, admission.perSecondInFlood));
    for (const guest of this.#flooded) {
      if (!flooded.has(guest)) network.update(admissionLimited(guest, undefined));
    }
    this.#flooded = flooded;
    this.#cancel();
    if (blocks.length > 0) this.#cancel = clock.after(limits.lasts / 4, () => this.#act());
  }

  /** One block a verdict; it gets the sources that it lacks, and a later end when half of its time is over. */
  #block({ verdict, guest, reason, sources }: WantedBlock): void {
    const { network, blocklist, clock } = this.#options;
    const { blocks } = network.state.blocklist;
    const known = [...blocks.values()].find((block) => block.verdict === verdict);
    if (known === undefined) {
      blocklist.block({ sources, origin: 'verdict', reason, verdict, guest, lasts: limits.lasts });
      return;
    }
    const missing = this.#missing(known, sources);
    if (missing.length > 0) blocklist.add(known.number, missing);
    if (known.expires !== undefined && known.expires - clock.now() < limits.lasts / 2) {
      blocklist.extend(known.number, limits.lasts);
    }
  }

  #missing(block: Block, sources: readonly string[]): string[] {
    const has = new Set(sourcesIn(this.#options.network.state.blocklist, block));
    return sources.filter((source) => !has.has(source));
  }
}
