/**
 * Tables of the report, and how figures are written in them.
 */
import { html, type Markup } from './markup.ts';

interface Column<Row> {
  readonly head: string;
  readonly number?: true;
  readonly of: (row: Row) => string | Markup | null;
}

/** What is not known is a dash. A table that is too wide scrolls by itself. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Markup {
  if (rows.length === 0) return html`<p class="quiet">None.</p>`;
  const side = ({ number }: Column<Row>): string => (number === true ? 'number' : '');
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${columns.map((column) => html`<th class="${side(column)}">${column.head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${columns.map((column) => html`<td class="${side(column)}">${column.of(row) ?? '–'}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Milliseconds: tenths where they tell something. */
export function ms(value: number): string;
export function ms(value: number | null): string | null;
export function ms(value: number | null): string | null {
  if (value === null) return null;
  return Math.abs(value) < 100 ? value.toFixed(1) : value.toFixed(0);
}

export function quantity(value: number, unit: 'messages' | 'packets' | 'bytes'): string {
  return unit === 'bytes' && value > 0 ? `${(value / 1e6).toFixed(1)} MB` : String(value);
}
