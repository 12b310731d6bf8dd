/**
 * The OVSDB schema ArcticTern, version 1.5.0: generated, do not edit. See ovsdb/generate.ts.
 */
import type { DatabaseSchema, Uuid } from '../../ovsdb/index.ts';

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
        epoch: { key: { type: 'integer', minInteger: 0 }, min: 1, max: 1, mutable: true, ephemeral: false },
        last_block: {
          key: { type: 'integer', minInteger: 0 },
          min: 1,
          max: 1,
          mutable: true,
          ephemeral: false,
        },
      },
      isRoot: true,
      indexes: [],
      maxRows: 1,
    },
    Interface: {
      columns: {
        number: {
          key: { type: 'integer', minInteger: 1, maxInteger: 32767 },
          min: 1,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        guest: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        mac: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
      },
      isRoot: true,
      indexes: [['number'], ['mac']],
    },
    Host: {
      columns: {
        number: {
          key: { type: 'integer', minInteger: 1, maxInteger: 65535 },
          min: 1,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        name: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
      },
      isRoot: true,
      indexes: [['number'], ['name']],
    },
    Placement: {
      columns: {
        guest: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        host: { key: { type: 'string' }, min: 1, max: 1, mutable: true, ephemeral: false },
      },
      isRoot: true,
      indexes: [['guest']],
    },
    Anchor: {
      columns: {
        interface: {
          key: { type: 'integer', minInteger: 1, maxInteger: 32767 },
          min: 1,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        index: {
          key: { type: 'integer', minInteger: 1, maxInteger: 255 },
          min: 1,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        host: { key: { type: 'string' }, min: 1, max: 1, mutable: true, ephemeral: false },
        ipv4: { key: { type: 'string' }, min: 0, max: 1, mutable: true, ephemeral: false },
        ipv6: { key: { type: 'string' }, min: 0, max: 1, mutable: true, ephemeral: false },
        admit: {
          key: { type: 'string', enum: ['all', 'established'] },
          min: 1,
          max: 1,
          mutable: true,
          ephemeral: false,
        },
      },
      isRoot: true,
      indexes: [['interface', 'index']],
    },
    Relay: {
      columns: {
        interface: {
          key: { type: 'integer', minInteger: 1, maxInteger: 32767 },
          min: 1,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        index: {
          key: { type: 'integer', minInteger: 1, maxInteger: 255 },
          min: 1,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        host: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        mode: {
          key: { type: 'string', enum: ['rewrite', 'direct'] },
          min: 1,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        edge: { key: { type: 'string' }, min: 0, max: 2, mutable: true, ephemeral: false },
        anchor: { key: { type: 'string' }, min: 0, max: 2, mutable: true, ephemeral: false },
      },
      isRoot: true,
      indexes: [['interface', 'index', 'host']],
    },
    Quarantine: {
      columns: {
        address: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        interface: {
          key: { type: 'integer', minInteger: 1, maxInteger: 32767 },
          min: 1,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        until: { key: { type: 'real' }, min: 1, max: 1, mutable: true, ephemeral: false },
      },
      isRoot: true,
      indexes: [['address']],
    },
    Gateway: {
      columns: {
        prefix: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        mac: { key: { type: 'string' }, min: 1, max: 1, mutable: true, ephemeral: false },
      },
      isRoot: true,
      indexes: [['prefix']],
    },
    Migration: {
      columns: {
        id: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        guest: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        from: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        to: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        strategy: {
          key: { type: 'string', enum: ['redirect', 'rarp', 'bicast'] },
          min: 1,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        admit: {
          key: { type: 'string', enum: ['all', 'established'] },
          min: 1,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        relay: {
          key: { type: 'string', enum: ['tunnel', 'rewrite', 'direct'] },
          min: 0,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        origin: {
          key: { type: 'string', enum: ['controller', 'noticed'] },
          min: 1,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        phase: {
          key: {
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
          },
          min: 1,
          max: 1,
          mutable: true,
          ephemeral: false,
        },
        reason: { key: { type: 'string' }, min: 0, max: 1, mutable: true, ephemeral: false },
        entered: {
          key: { type: 'string' },
          value: { type: 'real' },
          min: 0,
          max: 'unlimited',
          mutable: true,
          ephemeral: false,
        },
        wishes: {
          key: { type: 'string' },
          value: { type: 'real' },
          min: 0,
          max: 'unlimited',
          mutable: true,
          ephemeral: false,
        },
        leased: {
          key: { type: 'integer', minInteger: 1, maxInteger: 32767 },
          value: { type: 'integer', minInteger: 1, maxInteger: 255 },
          min: 0,
          max: 'unlimited',
          mutable: true,
          ephemeral: false,
        },
        blackout_ms: { key: { type: 'real' }, min: 0, max: 1, mutable: true, ephemeral: false },
        max_blackout_ms: { key: { type: 'real' }, min: 0, max: 1, mutable: true, ephemeral: false },
        copy_ms: { key: { type: 'real' }, min: 0, max: 1, mutable: true, ephemeral: false },
        warning: { key: { type: 'string' }, min: 0, max: 1, mutable: true, ephemeral: false },
      },
      isRoot: true,
      indexes: [['id']],
    },
    Block: {
      columns: {
        number: {
          key: { type: 'integer', minInteger: 1, maxInteger: 4294967295 },
          min: 1,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        origin: {
          key: { type: 'string', enum: ['person', 'verdict', 'list'] },
          min: 1,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        reason: { key: { type: 'string' }, min: 1, max: 1, mutable: true, ephemeral: false },
        verdict: { key: { type: 'string' }, min: 0, max: 1, mutable: true, ephemeral: false },
        guest: { key: { type: 'string' }, min: 0, max: 1, mutable: true, ephemeral: false },
        created_at: { key: { type: 'real' }, min: 1, max: 1, mutable: true, ephemeral: false },
        expires: { key: { type: 'real' }, min: 0, max: 1, mutable: true, ephemeral: false },
        line: {
          key: { type: 'string', enum: ['first', 'second'] },
          min: 1,
          max: 1,
          mutable: true,
          ephemeral: false,
        },
        count: { key: { type: 'integer' }, min: 1, max: 1, mutable: true, ephemeral: false },
      },
      isRoot: true,
      indexes: [['number']],
    },
    BlockedSources: {
      columns: {
        line: {
          key: { type: 'string', enum: ['first', 'second'] },
          min: 1,
          max: 1,
          mutable: false,
          ephemeral: false,
        },
        shard: { key: { type: 'integer', minInteger: 0 }, min: 1, max: 1, mutable: false, ephemeral: false },
        sources: { key: { type: 'string' }, min: 0, max: 'unlimited', mutable: true, ephemeral: false },
      },
      isRoot: true,
      indexes: [['line', 'shard']],
    },
    Allowance: {
      columns: {
        source: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        reason: { key: { type: 'string' }, min: 1, max: 1, mutable: true, ephemeral: false },
        created_at: { key: { type: 'real' }, min: 1, max: 1, mutable: true, ephemeral: false },
      },
      isRoot: true,
      indexes: [['source']],
    },
    Defence: {
      columns: {
        guest: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        policy: {
          key: { type: 'string', enum: ['off', 'filter-only', 'move-when-needed', 'move-first'] },
          min: 1,
          max: 1,
          mutable: true,
          ephemeral: false,
        },
        figures: {
          key: { type: 'string' },
          value: { type: 'real' },
          min: 0,
          max: 'unlimited',
          mutable: true,
          ephemeral: false,
        },
      },
      isRoot: true,
      indexes: [['guest']],
    },
    Flight: {
      columns: {
        id: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        guest: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        from: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        to: { key: { type: 'string' }, min: 1, max: 1, mutable: false, ephemeral: false },
        verdicts: { key: { type: 'string' }, min: 0, max: 'unlimited', mutable: true, ephemeral: false },
        reason: { key: { type: 'string' }, min: 1, max: 1, mutable: true, ephemeral: false },
        choice: { key: { type: 'string' }, min: 1, max: 1, mutable: true, ephemeral: false },
        phase: {
          key: { type: 'string', enum: ['planned', 'moving', 'verifying', 'safe', 'pursued', 'failed'] },
          min: 1,
          max: 1,
          mutable: true,
          ephemeral: false,
        },
        why: { key: { type: 'string' }, min: 1, max: 1, mutable: true, ephemeral: false },
        migration: { key: { type: 'string' }, min: 0, max: 1, mutable: true, ephemeral: false },
        left_behind: { key: { type: 'integer' }, min: 1, max: 1, mutable: true, ephemeral: false },
        entered: {
          key: { type: 'string' },
          value: { type: 'real' },
          min: 0,
          max: 'unlimited',
          mutable: true,
          ephemeral: false,
        },
      },
      isRoot: true,
      indexes: [['id']],
    },
  },
};
