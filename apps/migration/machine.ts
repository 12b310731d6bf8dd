/**
 * The life of one migration as a pure state machine: a phase and an event give the next phase and what to do.
 *
 * It keeps true that traffic is delivered where the guest runs. It never assumes an order between events of
 * two daemons: each event is enough by itself to say where the guest is, and one that comes late or twice
 * changes nothing. There is one way back, `return`, whatever failed and whenever.
 *
 *   planned ──begin──► preparing ──staged──► copying ──suspended──► switching ──resumed──► relaying ──► drained
 *                          └─────────────────────┴────────────────────┴──failed──► failed ──returned──► rolled-back
 *
 * The strategies differ in when traffic is redirected: `redirect` when the source stops the guest; `rarp` when the
 * guest has announced itself at the destination; `bicast` as `redirect`, but copies go to the destination before.
 */
import type { Migration, Phase } from '../../controller/network/migration.ts';

export type MigrationEvent =
  /** Care-of addresses are leased and the store knows of the migration. */
  | { readonly type: 'begun' }
  /** libvirt works on it, though we have not asked, or do not know that we have. */
  | { readonly type: 'adopted' }
  /** Every interface of the guest has its port at the destination. */
  | { readonly type: 'attached' }
  /** The flows of the switchover wait in open bundles at every anchor. */
  | { readonly type: 'staged' }
  /** The source's QEMU stopped the guest for the switchover: the blackout has begun. */
  | { readonly type: 'suspended' }
  /** What looked like `suspended` was somebody's pause: the copy goes on. */
  | { readonly type: 'paused' }
  /** The guest runs at the destination. */
  | { readonly type: 'resumed-at-destination' }
  /** The guest runs at the source again, after `suspended`. */
  | { readonly type: 'resumed-at-source' }
  /** Little is left to copy: with `bicast`, copies may go to the destination from now on. */
  | { readonly type: 'copy-to-both' }
  /** They do: every anchor acknowledged it, and the switchover is staged. */
  | { readonly type: 'copied-to-both' }
  /** The switchover did not come in time. */
  | { readonly type: 'stop-copying' }
  /** The guest's own announcement (QEMU's RARP) came from its port at the destination. */
  | { readonly type: 'announced' }
  /** It runs there, and its announcement has not come. */
  | { readonly type: 'unannounced' }
  /** libvirt says that the migration is complete: the source has let go of the guest. */
  | { readonly type: 'performed' }
  /** libvirt says that it has failed, and the guest stays where it was. */
  | { readonly type: 'refused'; readonly reason: string }
  /** Traffic is back at the source: every anchor acknowledged it. */
  | { readonly type: 'returned' }
  /** The anchor that the guest left has gone, or relays nothing. */
  | { readonly type: 'drained' };

export type MigrationAction =
  /** Ask libvirt to migrate. */
  | 'copy'
  /** Put the flows of the switchover into open bundles. */
  | 'stage'
  /** Deliver at the destination, too. */
  | 'copy-to-both'
  /** Tell QEMU that it may switch over. */
  | 'let-switch'
  /** Deliver at the source alone, and stage anew. */
  | 'stop-copying'
  /** Deliver at the destination, now. */
  | 'redirect'
  /** Wait for the guest's announcement, for a while. */
  | 'await-announcement'
  /** Deliver at the source again, and stage anew. */
  | 'undo'
  /** Deliver at the source again; forget what is staged. */
  | 'return'
  /** Tell the subnets' switches where the guest's addresses are. */
  | 'announce';

export interface Step {
  readonly migration: Migration;
  readonly actions: readonly MigrationAction[];
}

export function step(migration: Migration, event: MigrationEvent, now: number): Step {
  const enter = (phase: Phase, ...actions: MigrationAction[]): Step => ({
    migration: { ...migration, phase, entered: { ...migration.entered, [phase]: now } },
    actions,
  });
  const stay = (...actions: MigrationAction[]): Step => ({ migration, actions });
  const { phase, strategy } = migration;
  // What somebody else began goes on whether we have prepared anything or not.
  const copying =
    phase === 'preparing' || phase === 'copying' || (phase === 'planned' && migration.origin === 'noticed');

  const waits = strategy === 'rarp';
  /** The guest runs at the destination, and nothing has to be waited for. */
  const arrive = (): Step => {
    if (phase === 'switching')
      return enter('relaying', ...(waits ? (['redirect'] as const) : []), 'announce');
    return copying ? enter('relaying', 'redirect', 'announce') : stay();
  };

  switch (event.type) {
    case 'begun':
      if (phase !== 'planned') return stay();
      return migration.origin === 'controller' ? enter('preparing', 'copy') : enter('preparing');
    case 'adopted':
      return phase === 'planned' ? enter('preparing') : stay();
    case 'attached':
      return phase === 'preparing' ? stay('stage') : stay();
    case 'staged':
      return phase === 'preparing' ? enter('copying') : stay();
    case 'suspended':
      if (!copying) return stay();
      return waits ? enter('switching') : enter('switching', 'redirect');
    case 'paused':
      return phase === 'switching' ? enter('copying', 'undo', 'stage') : stay();
    case 'copy-to-both':
      return phase === 'copying' && strategy === 'bicast' ? stay('copy-to-both') : stay();
    case 'copied-to-both':
      return phase === 'copying' ? stay('let-switch') : stay();
    case 'stop-copying':
      return phase === 'copying' ? stay('stop-copying') : stay();
    case 'resumed-at-destination':
      if (!waits) return arrive();
      if (phase === 'switching') return stay('await-announcement');
      return copying ? enter('switching', 'await-announcement') : stay();
    case 'announced':
    case 'unannounced':
      return waits ? arrive() : stay();
    case 'performed': {
      const done = arrive();
      if (done.migration.phase !== 'relaying' || done.migration.performed === true) return done;
      return { ...done, migration: { ...done.migration, performed: true } };
    }
    case 'resumed-at-source':
      return phase === 'switching' ? fail('the guest resumed at the source') : stay();
    case 'refused':
      if (phase === 'failed') return { migration: { ...migration, reason: event.reason }, actions: [] };
      // The guest runs at the destination: whatever libvirt could not do after that, it has moved.
      if (phase === 'relaying') return { migration: { ...migration, performed: true }, actions: [] };
      return copying || phase === 'planned' || phase === 'switching' ? fail(event.reason) : stay();
    case 'returned':
      return phase === 'failed' ? enter('rolled-back') : stay();
    case 'drained':
      return phase === 'relaying' ? enter('drained') : stay();
  }

  function fail(reason: string): Step {
    const failed = enter('failed', 'return');
    return { ...failed, migration: { ...failed.migration, reason } };
  }
}
