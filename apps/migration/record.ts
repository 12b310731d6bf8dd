/**
 * What a migration's record says besides its phase, and what the timeline is told: what QEMU's stamps make of the
 * blackout, what the copy took, and what could not be kept to.
 */
import type { Clock } from '../../controller/clock.ts';
import type { LibvirtEvent } from '../../controller/libvirt/index.ts';
import { migrationChanged } from '../../controller/network/changes.ts';
import type { Migration } from '../../controller/network/migration.ts';
import type { GuestName, HostName } from '../../controller/network/names.ts';
import type { Network } from '../../controller/network/network.ts';
import type { Moment } from '../events.ts';
import type { PacketRate } from './packet-rate.ts';
import { overflowed } from './tap-queue.ts';

/** What a running migration has noted of its moments. */
export interface Stamps {
  readonly rate: PacketRate;
  /** Since when copies go to the destination. */
  copyingSince: number | undefined;
  /** For how long they had gone there when the source stopped the guest. */
  leadMs: number;
  stoppedAt: number | undefined;
  resumedAt: number | undefined;
}

export interface RecordParts {
  readonly network: Network;
  readonly clock: Clock;
  readonly onWarning: (guest: GuestName, warning: string) => void;
  readonly onMoment: (moment: Moment, at: number) => void;
}

export class MigrationRecord {
  readonly #parts: RecordParts;

  constructor(parts: RecordParts) {
    this.#parts = parts;
  }

  /** For the timeline. */
  tell({ guest, id }: Migration, event: LibvirtEvent, host: HostName): void {
    const { onMoment } = this.#parts;
    if (event.kind === 'lifecycle') {
      const { detail, receivedAt } = event;
      onMoment({ kind: 'libvirt', guest, migration: id, host, event: event.event, detail }, receivedAt);
    } else if (event.kind === 'migration-iteration') {
      const { iteration, receivedAt } = event;
      onMoment({ kind: 'iteration', guest, migration: id, host, iteration }, receivedAt);
    } else if (event.kind === 'monitor' && (event.event === 'STOP' || event.event === 'RESUME')) {
      onMoment({ kind: 'qemu', guest, migration: id, host, event: event.event }, event.qemuTime);
    }
  }

  /** QEMU's own stamps: the blackout is from its STOP at the source to its RESUME at the destination. */
  stamp(migration: Migration, stamps: Stamps, event: string, at: number, host: HostName): void {
    if (event === 'STOP' && host === migration.from) {
      const now = this.#parts.clock.now();
      const { copyingSince } = stamps;
      stamps.stoppedAt = at;
      stamps.leadMs = copyingSince === undefined ? 0 : now - copyingSince;
      this.#note(migration, { copyMs: now - (migration.entered.preparing ?? now) });
    } else if (event === 'RESUME' && host === migration.to) {
      stamps.resumedAt = at;
    } else {
      return;
    }
    const { stoppedAt, resumedAt, leadMs } = stamps;
    if (stoppedAt === undefined || resumedAt === undefined) return;
    this.#note(migration, { blackoutMs: resumedAt - stoppedAt });
    // Before its announcement nothing is sent to a guest that moves by `rarp`.
    if (migration.strategy === 'rarp') return;
    this.warn(migration, overflowed(stamps.rate.packetsPerSecond, leadMs + resumedAt - stoppedAt));
  }

  /** Adds to the migration's record, if it is still the guest's. */
  #note(migration: Migration, more: Partial<Migration>): void {
    this.#parts.network.update((state) => {
      const current = state.migrations.get(migration.guest);
      if (current?.id !== migration.id) return state;
      return migrationChanged({ ...current, ...more })(state);
    });
  }

  /** Of nothing, nothing is said. */
  warn(migration: Migration, warning: string | undefined): void {
    if (warning === undefined) return;
    const known = this.#parts.network.state.migrations.get(migration.guest)?.warning;
    this.#note(migration, { warning: known === undefined ? warning : `${known}; ${warning}` });
    this.#parts.onWarning(migration.guest, warning);
  }
}
