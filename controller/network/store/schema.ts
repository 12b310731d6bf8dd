/**
 * The OVSDB schema ArcticTern, version 1.5.0: generated, do not edit. See ovsdb/generate.ts.
 */
import { column, type DatabaseSchema, type Uuid } from '../../ovsdb/index.ts';

export interface GlobalRow {
  readonly _uuid: Uuid<'Global'>;
  /** 0 or more. */
  readonly epoch: number;
  /** 0 or more. */
  readonly last_block: number;
}

export interface InterfaceRow {
  readonly _uuid: Uuid<'Interface'>;
  /** 1 to 32767. */
  readonly number: number;
  readonly guest: string;
  readonly mac: string;
}

export interface HostRow {
  readonly _uuid: Uuid<'Host'>;
  /** 1 to 65535. */
  readonly number: number;
  readonly name: string;
}

export interface PlacementRow {
  readonly _uuid: Uuid<'Placement'>;
  readonly guest: string;
  readonly host: string;
}

export interface AnchorRow {
  readonly _uuid: Uuid<'Anchor'>;
  /** 1 to 32767. */
  readonly interface: number;
  /** 1 to 255. */
  readonly index: number;
  readonly host: string;
  readonly ipv4: string | null;
  readonly ipv6: string | null;
  readonly admit: 'all' | 'established';
}

export interface RelayRow {
  readonly _uuid: Uuid<'Relay'>;
  /** 1 to 32767. */
  readonly interface: number;
  /** 1 to 255. */
  readonly index: number;
  readonly host: string;
  readonly mode: 'rewrite' | 'direct';
  /** At most 2. */
  readonly edge: ReadonlySet<string>;
  /** At most 2. */
  readonly anchor: ReadonlySet<string>;
}

export interface QuarantineRow {
  readonly _uuid: Uuid<'Quarantine'>;
  readonly address: string;
  /** 1 to 32767. */
  readonly interface: number;
  readonly until: number;
}

export interface GatewayRow {
  readonly _uuid: Uuid<'Gateway'>;
  readonly prefix: string;
  readonly mac: string;
}

export interface MigrationRow {
  readonly _uuid: Uuid<'Migration'>;
  readonly id: string;
  readonly guest: string;
  readonly from: string;
  readonly to: string;
  readonly strategy: 'redirect' | 'rarp' | 'bicast';
  readonly admit: 'all' | 'established';
  readonly relay: 'tunnel' | 'rewrite' | 'direct' | null;
  readonly origin: 'controller' | 'noticed';
  readonly phase:
    'planned' | 'preparing' | 'copying' | 'switching' | 'relaying' | 'drained' | 'failed' | 'rolled-back';
  readonly reason: string | null;
  readonly entered: ReadonlyMap<string, number>;
  readonly wishes: ReadonlyMap<string, number>;
  /** 1 to 32767. 1 to 255. */
  readonly leased: ReadonlyMap<number, number>;
  readonly blackout_ms: number | null;
  readonly max_blackout_ms: number | null;
  readonly copy_ms: number | null;
  readonly warning: string | null;
}

export interface BlockRow {
  readonly _uuid: Uuid<'Block'>;
  /** 1 to 4294967295. */
  readonly number: number;
  readonly origin: 'person' | 'verdict' | 'list';
  readonly reason: string;
  readonly verdict: string | null;
  readonly guest: string | null;
  readonly created_at: number;
  readonly expires: number | null;
  readonly line: 'first' | 'second';
  readonly count: number;
}

export interface BlockedSourcesRow {
  readonly _uuid: Uuid<'BlockedSources'>;
  readonly line: 'first' | 'second';
  /** 0 or more. */
  readonly shard: number;
  readonly sources: ReadonlySet<string>;
}

export interface AllowanceRow {
  readonly _uuid: Uuid<'Allowance'>;
  readonly source: string;
  readonly reason: string;
  readonly created_at: number;
}

export interface DefenceRow {
  readonly _uuid: Uuid<'Defence'>;
  readonly guest: string;
  readonly policy: 'off' | 'filter-only' | 'move-when-needed' | 'move-first';
  readonly figures: ReadonlyMap<string, number>;
}

export interface FlightRow {
  readonly _uuid: Uuid<'Flight'>;
  readonly id: string;
  readonly guest: string;
  readonly from: string;
  readonly to: string;
  readonly verdicts: ReadonlySet<string>;
  readonly reason: string;
  readonly choice: string;
  readonly phase: 'planned' | 'moving' | 'verifying' | 'safe' | 'pursued' | 'failed';
  readonly why: string;
  readonly migration: string | null;
  readonly left_behind: number;
  readonly entered: ReadonlyMap<string, number>;
}

/** What the compiler knows of ArcticTern: the rows of each table, and columns that never change. */
export type ArcticTernTables = {
  Global: { readonly row: GlobalRow; readonly immutable: never };
  Interface: { readonly row: InterfaceRow; readonly immutable: 'number' | 'guest' | 'mac' };
  Host: { readonly row: HostRow; readonly immutable: 'number' | 'name' };
  Placement: { readonly row: PlacementRow; readonly immutable: 'guest' };
  Anchor: { readonly row: AnchorRow; readonly immutable: 'interface' | 'index' };
  Relay: { readonly row: RelayRow; readonly immutable: 'interface' | 'index' | 'host' | 'mode' };
  Quarantine: { readonly row: QuarantineRow; readonly immutable: 'address' | 'interface' };
  Gateway: { readonly row: GatewayRow; readonly immutable: 'prefix' };
  Migration: {
    readonly row: MigrationRow;
    readonly immutable: 'id' | 'guest' | 'from' | 'to' | 'strategy' | 'admit' | 'relay' | 'origin';
  };
  Block: { readonly row: BlockRow; readonly immutable: 'number' | 'origin' };
  BlockedSources: { readonly row: BlockedSourcesRow; readonly immutable: 'line' | 'shard' };
  Allowance: { readonly row: AllowanceRow; readonly immutable: 'source' };
  Defence: { readonly row: DefenceRow; readonly immutable: 'guest' };
  Flight: { readonly row: FlightRow; readonly immutable: 'id' | 'guest' | 'from' | 'to' };
};

export const arcticTern: DatabaseSchema<ArcticTernTables> = {
  name: 'ArcticTern',
  version: '1.5.0',
  tables: {
    Global: {
      columns: {
        epoch: column({ type: 'integer', minInteger: 0 }),
        last_block: column({ type: 'integer', minInteger: 0 }),
      },
      isRoot: true,
      indexes: [],
      maxRows: 1,
    },
    Interface: {
      columns: {
        number: column({ type: 'integer', minInteger: 1, maxInteger: 32767 }, { mutable: false }),
        guest: column({ type: 'string' }, { mutable: false }),
        mac: column({ type: 'string' }, { mutable: false }),
      },
      isRoot: true,
      indexes: [['number'], ['mac']],
    },
    Host: {
      columns: {
        number: column({ type: 'integer', minInteger: 1, maxInteger: 65535 }, { mutable: false }),
        name: column({ type: 'string' }, { mutable: false }),
      },
      isRoot: true,
      indexes: [['number'], ['name']],
    },
    Placement: {
      columns: {
        guest: column({ type: 'string' }, { mutable: false }),
        host: column({ type: 'string' }),
      },
      isRoot: true,
      indexes: [['guest']],
    },
    Anchor: {
      columns: {
        interface: column({ type: 'integer', minInteger: 1, maxInteger: 32767 }, { mutable: false }),
        index: column({ type: 'integer', minInteger: 1, maxInteger: 255 }, { mutable: false }),
        host: column({ type: 'string' }),
        ipv4: column({ type: 'string' }, { min: 0 }),
        ipv6: column({ type: 'string' }, { min: 0 }),
        admit: column({ type: 'string', enum: ['all', 'established'] }),
      },
      isRoot: true,
      indexes: [['interface', 'index']],
    },
    Relay: {
      columns: {
        interface: column({ type: 'integer', minInteger: 1, maxInteger: 32767 }, { mutable: false }),
        index: column({ type: 'integer', minInteger: 1, maxInteger: 255 }, { mutable: false }),
        host: column({ type: 'string' }, { mutable: false }),
        mode: column({ type: 'string', enum: ['rewrite', 'direct'] }, { mutable: false }),
        edge: column({ type: 'string' }, { min: 0, max: 2 }),
        anchor: column({ type: 'string' }, { min: 0, max: 2 }),
      },
      isRoot: true,
      indexes: [['interface', 'index', 'host']],
    },
    Quarantine: {
      columns: {
        address: column({ type: 'string' }, { mutable: false }),
        interface: column({ type: 'integer', minInteger: 1, maxInteger: 32767 }, { mutable: false }),
        until: column({ type: 'real' }),
      },
      isRoot: true,
      indexes: [['address']],
    },
    Gateway: {
      columns: {
        prefix: column({ type: 'string' }, { mutable: false }),
        mac: column({ type: 'string' }),
      },
      isRoot: true,
      indexes: [['prefix']],
    },
    Migration: {
      columns: {
        id: column({ type: 'string' }, { mutable: false }),
        guest: column({ type: 'string' }, { mutable: false }),
        from: column({ type: 'string' }, { mutable: false }),
        to: column({ type: 'string' }, { mutable: false }),
        strategy: column({ type: 'string', enum: ['redirect', 'rarp', 'bicast'] }, { mutable: false }),
        admit: column({ type: 'string', enum: ['all', 'established'] }, { mutable: false }),
        relay: column({ type: 'string', enum: ['tunnel', 'rewrite', 'direct'] }, { min: 0, mutable: false }),
        origin: column({ type: 'string', enum: ['controller', 'noticed'] }, { mutable: false }),
        phase: column({
          type: 'string',
          enum: [
            'planned',
            'preparing',
            'copying',
            'switching',
            'relaying',
            'drained',
            'failed',
            'rolled-back',
          ],
        }),
        reason: column({ type: 'string' }, { min: 0 }),
        entered: column({ type: 'string' }, { value: { type: 'real' }, min: 0, max: 'unlimited' }),
        wishes: column({ type: 'string' }, { value: { type: 'real' }, min: 0, max: 'unlimited' }),
        leased: column(
          { type: 'integer', minInteger: 1, maxInteger: 32767 },
          { value: { type: 'integer', minInteger: 1, maxInteger: 255 }, min: 0, max: 'unlimited' },
        ),
        blackout_ms: column({ type: 'real' }, { min: 0 }),
        max_blackout_ms: column({ type: 'real' }, { min: 0 }),
        copy_ms: column({ type: 'real' }, { min: 0 }),
        warning: column({ type: 'string' }, { min: 0 }),
      },
      isRoot: true,
      indexes: [['id']],
    },
    Block: {
      columns: {
        number: column({ type: 'integer', minInteger: 1, maxInteger: 4294967295 }, { mutable: false }),
        origin: column({ type: 'string', enum: ['person', 'verdict', 'list'] }, { mutable: false }),
        reason: column({ type: 'string' }),
        verdict: column({ type: 'string' }, { min: 0 }),
        guest: column({ type: 'string' }, { min: 0 }),
        created_at: column({ type: 'real' }),
        expires: column({ type: 'real' }, { min: 0 }),
        line: column({ type: 'string', enum: ['first', 'second'] }),
        count: column({ type: 'integer' }),
      },
      isRoot: true,
      indexes: [['number']],
    },
    BlockedSources: {
      columns: {
        line: column({ type: 'string', enum: ['first', 'second'] }, { mutable: false }),
        shard: column({ type: 'integer', minInteger: 0 }, { mutable: false }),
        sources: column({ type: 'string' }, { min: 0, max: 'unlimited' }),
      },
      isRoot: true,
      indexes: [['line', 'shard']],
    },
    Allowance: {
      columns: {
        source: column({ type: 'string' }, { mutable: false }),
        reason: column({ type: 'string' }),
        created_at: column({ type: 'real' }),
      },
      isRoot: true,
      indexes: [['source']],
    },
    Defence: {
      columns: {
        guest: column({ type: 'string' }, { mutable: false }),
        policy: column({ type: 'string', enum: ['off', 'filter-only', 'move-when-needed', 'move-first'] }),
        figures: column({ type: 'string' }, { value: { type: 'real' }, min: 0, max: 'unlimited' }),
      },
      isRoot: true,
      indexes: [['guest']],
    },
    Flight: {
      columns: {
        id: column({ type: 'string' }, { mutable: false }),
        guest: column({ type: 'string' }, { mutable: false }),
        from: column({ type: 'string' }, { mutable: false }),
        to: column({ type: 'string' }, { mutable: false }),
        verdicts: column({ type: 'string' }, { min: 0, max: 'unlimited' }),
        reason: column({ type: 'string' }),
        choice: column({ type: 'string' }),
        phase: column({
          type: 'string',
          enum: ['planned', 'moving', 'verifying', 'safe', 'pursued', 'failed'],
        }),
        why: column({ type: 'string' }),
        migration: column({ type: 'string' }, { min: 0 }),
        left_behind: column({ type: 'integer' }),
        entered: column({ type: 'string' }, { value: { type: 'real' }, min: 0, max: 'unlimited' }),
      },
      isRoot: true,
      indexes: [['id']],
    },
  },
};
