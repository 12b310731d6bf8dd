/**
 * Acts on verdicts: blocks what they name for as long as they last, and lowers the admission of guests under a flood
 * from spoofed sources, at the edges that it comes by or at every bridge, and for networks that no client of theirs has come
 * from. A block outlives its verdict by its own end, so that an attack that pauses is met at once.
 */
import { asError } from '../../controller/errors.ts';
import type { Cancel, Clock } from '../../controller/clock.ts';
import { filtering as limits } from '../../controller/limits.ts';
import { type Block, sourcesIn } from '../../controller/network/blocklist.ts';
import { admissionLimited } from '../../controller/network/changes.ts';
import { policyOf } from '../../controller/network/defence-policy.ts';
import type { GuestName } from '../../controller/network/names.ts';
import type { Network } from '../../controller/network/network.ts';
import type { BlocklistService } from './blocklist.ts';
import { filteringFor, type Flooded, type WantedBlock } from './verdict-blocks.ts';
import type { VerdictFeed, VerdictId } from './verdict.ts';

export interface FilterOptions {
  readonly network: Network;
  readonly blocklist: Pick<BlocklistService, 'block' | 'add' | 'extend'>;
  readonly verdicts: VerdictFeed;
  readonly clock: Clock;
  readonly isFiltered: (guest: GuestName) => boolean;
  /** Networks that the guest's clients come from. */
  readonly knownNetworks: (guest: GuestName) => readonly string[];
  /** Resolves when every connected bridge holds what has been decided so far. */
  readonly settled: () => Promise<void>;
  /** What a verdict led to is in force; again when it has more sources. */
  readonly onFiltered: (filtered: Filtered, at: number) => void;
  readonly onError: (error: Error) => void;
}

export interface Filtered {
  readonly guest: GuestName;
  readonly verdict: VerdictId;
  /** How many addresses and prefixes are blocked for it. */
  readonly sources: number;
  /** New connections a second that the guest is let have for it; undefined: as usual. */
  readonly admission: number | undefined;
}

export class FilterService {
  readonly #options: FilterOptions;
  readonly #unfollow: () => void;
  #flooded: ReadonlySet<GuestName> = new Set();
  /** What was last sent to the bridges for each verdict that lasts. */
  #sent: ReadonlyMap<VerdictId, Filtered> = new Map();
  readonly #inForce = new Map<VerdictId, number>();
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

  /** Clock time since which something is filtered for the verdict, at every bridge; undefined when nothing is. */
  inForceSince(verdict: VerdictId): number | undefined {
    return this.#inForce.get(verdict);
  }

  #act(): void {
    const { network, verdicts, clock, isFiltered, knownNetworks } = this.#options;
    const { allowed } = network.state.blocklist;
    const { blocks, flooded } = filteringFor(verdicts.verdicts, allowed.keys(), isFiltered, (name) =>
      network.state.edges.has(name),
    );
    for (const wanted of blocks) {
      try {
        this.#block(wanted);
      } catch (error) {
        // The list is full, say: whatever else is wanted is done all the same.
        this.#options.onError(asError(error));
      }
    }
    for (const [guest, { at, verdicts: said }] of flooded) {
      const limit = { perSecond: this.#inFlood(guest), known: knownNetworks(guest), verdicts: said };
      network.update(admissionLimited(guest, at === undefined ? limit : { ...limit, at }));
    }
    for (const guest of this.#flooded) {
      if (!flooded.has(guest)) network.update(admissionLimited(guest, undefined));
    }
    this.#flooded = new Set(flooded.keys());
    this.#tell(flooded);
    this.#cancel();
    if (blocks.length > 0) this.#cancel = clock.after(limits.lasts / 4, () => this.#act());
  }

  #inFlood(guest: GuestName): number {
    const { perSecond, inFlood } = policyOf(this.#options.network.state, guest).admission;
    return Math.min(perSecond, inFlood);
  }

  /** Tells of what has changed, once it is in force. */
  #tell(flooded: ReadonlyMap<GuestName, Flooded>): void {
    const { network, verdicts, settled, clock, onFiltered, onError } = this.#options;
    const wanted = new Map<VerdictId, Filtered>();
    for (const { verdict, guest, count } of network.state.blocklist.blocks.values()) {
      if (verdict === undefined || guest === undefined || verdicts.verdicts.get(verdict)?.ended !== undefined)
        continue;
      wanted.set(verdict, { guest, verdict, sources: count, admission: undefined });
    }
    for (const [guest, { verdicts: said }] of flooded) {
      for (const verdict of said.keys()) {
        const sources = wanted.get(verdict)?.sources ?? 0;
        wanted.set(verdict, { guest, verdict, sources, admission: this.#inFlood(guest) });
      }
    }
    const news = [...wanted.values()].filter(
      (filtered) => !isSame(filtered, this.#sent.get(filtered.verdict)),
    );
    this.#sent = wanted;
    for (const verdict of this.#inForce.keys()) if (!wanted.has(verdict)) this.#inForce.delete(verdict);
    if (news.length === 0) return;
    settled().then(
      () => {
        const now = clock.now();
        for (const filtered of news) {
          if (this.#sent.has(filtered.verdict) && !this.#inForce.has(filtered.verdict)) {
            this.#inForce.set(filtered.verdict, now);
          }
          onFiltered(filtered, now);
        }
      },
      (error: unknown) => onError(asError(error)),
    );
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

const isSame = (one: Filtered, other: Filtered | undefined): boolean =>
  one.sources === other?.sources && one.admission === other.admission;
