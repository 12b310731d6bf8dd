/** `arctictern flows` as text: by table, and what each table is for. */
import type { FlowObject } from '../../api/objects.ts';
import type { Colors } from '../terminal.ts';
import { amount, clean, columns, counted, indent } from '../text.ts';
import { tablePurpose } from './tables.ts';

const purposes: Readonly<Record<string, string | undefined>> = tablePurpose;

/** `all` is how many flows there are without the filters. */
export function flowsText(host: string, flows: readonly FlowObject[], all: number, colors: Colors): string {
  if (all === 0) return `The bridge of host ${host} holds no flows.\n`;
  if (flows.length === 0) {
    return `None of the ${counted(all, 'flow')} of host ${host} is as asked for: leave out --table, --owner, --verdict or --hit.\n`;
  }
  const ids = [...new Set(flows.map(({ tableId }) => tableId))];
  const tables = ids.map((id) =>
    tableText(
      flows.filter(({ tableId }) => tableId === id),
      colors,
    ),
  );
  const count =
    flows.length === all ? counted(all, 'flow') : `${amount(flows.length)} of ${counted(all, 'flow')}`;
  return `${tables.join('\n')}\n${count} at host ${host}\n`;
}

function tableText(flows: readonly FlowObject[], colors: Colors): string {
  const { table, tableId } = flows[0]!;
  const known = purposes[table];
  const title =
    known === undefined
      ? `${colors.bold(`table ${tableId}`)}: not of ArcticTern's pipeline`
      : `${colors.bold(table)} (table ${tableId}): ${known}`;
  // Most tables are the same whatever anybody says.
  const by = flows.some(({ madeBy }) => madeBy !== null);
  const rows = flows.map((flow) => [
    amount(flow.priority),
    amount(flow.packets),
    amount(flow.bytes),
    flow.owner,
    ...(by ? [byText(flow.madeBy)] : []),
    clean(flow.match) || 'any',
    clean(flow.actions),
  ]);
  const head = ['PRIORITY', 'PACKETS', 'BYTES', 'OWNER', ...(by ? ['BY'] : []), 'MATCH', 'ACTIONS'];
  return `${title}\n${indent(columns(head, rows, colors, ['PRIORITY', 'PACKETS', 'BYTES']))}`;
}

/** `person`; `verdict ID`; `flight ID, verdict ID`: with all that is to be asked further about. */
export function byText(madeBy: FlowObject['madeBy']): string {
  if (madeBy === null) return '-';
  const { origin, verdicts, flight, migration } = madeBy;
  const those = verdicts.length === 0 ? [] : [`verdict ${verdicts.join(', ')}`];
  switch (origin) {
    case 'flight':
      return [`flight ${flight}`, ...those].join(', ');
    case 'migration':
      return `migration ${migration}`;
    case 'verdict':
      return those[0] ?? origin;
    default:
      return origin;
  }
}
