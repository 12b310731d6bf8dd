/** `arctictern migrations` as text. */
import type { MigrationObject } from '../../api/objects.ts';
import type { Colors } from '../terminal.ts';
import { ago, clean, columns, details, duration } from '../text.ts';

const NOTE_LENGTH = 72;

export function migrationsText(migrations: readonly MigrationObject[], now: number, colors: Colors): string {
  if (migrations.length === 0) {
    return 'There have been no migrations. Begin one with `arctictern migrate GUEST --to HOST`.\n';
  }
  const rows = migrations.map((migration) => [
    migration.id,
    migration.guest,
    migration.from,
    migration.to,
    phaseText(migration, colors),
    began(migration, now),
    migration.blackoutMs === null ? '-' : duration(migration.blackoutMs),
    note(migration),
  ]);
  const head = ['MIGRATION', 'GUEST', 'FROM', 'TO', 'PHASE', 'BEGAN', 'BLACKOUT', 'NOTE'];
  return columns(head, rows, colors, ['BLACKOUT']);
}

export function migrationText(migration: MigrationObject, now: number, colors: Colors): string {
  const { id, guest, from, fromSubnet, to, toSubnet, strategy, admit, relay, origin, reason } = migration;
  const { warning, blackoutMs, copyMs } = migration;
  const phases = phasesOf(migration);
  const start = phases[0]?.at ?? now;
  return details(
    [
      ['migration', id],
      ['guest', guest],
      ['from', `${from} (${fromSubnet})`],
      ['to', `${to} (${toSubnet})`],
      ['strategy', `${strategy}, admits ${admit}`],
      ['relay', relay],
      ['begun by', origin === 'controller' ? 'the controller' : 'somebody else'],
      ['phase', phaseText(migration, colors)],
      ...(reason === null ? [] : [['reason', clean(reason)] as const]),
      ...(warning === null ? [] : [['warning', clean(warning)] as const]),
      ['blackout', blackoutMs === null ? '-' : duration(blackoutMs)],
      ['copy', copyMs === null ? '-' : duration(copyMs)],
      ['began', began(migration, now)],
      ...phases.map(({ phase, at }) => [`  ${phase}`, `+ ${duration(at - start)}`] as const),
    ],
    colors,
  );
}

export interface EnteredPhase {
  readonly phase: string;
  readonly at: number;
}

/** The phases that were entered, in this order. */
export function phasesOf({ entered }: MigrationObject): EnteredPhase[] {
  return Object.entries(entered)
    .map(([phase, at]) => ({ phase, at }))
    .sort((a, b) => a.at - b.at);
}

export function phaseText(
  { phase, outcome }: Pick<MigrationObject, 'phase' | 'outcome'>,
  colors: Colors,
): string {
  if (outcome === null) return colors.yellow(phase);
  return outcome === 'completed' ? colors.green(phase) : colors.red(phase);
}

function began(migration: MigrationObject, now: number): string {
  const [first] = phasesOf(migration);
  return first === undefined ? '-' : ago(first.at, now);
}

function note({ reason, warning, origin }: MigrationObject): string {
  if (reason !== null) return shortened(clean(reason));
  if (warning !== null) return shortened(clean(warning));
  return origin === 'noticed' ? 'begun by somebody else' : '';
}

/** A list has room for the beginning of a sentence; `migrations MIGRATION` tells all of it. */
function shortened(text: string): string {
  return text.length <= NOTE_LENGTH ? text : `${text.slice(0, NOTE_LENGTH - 1)}…`;
}
