/**
 * Templates (RFC 7011, section 3.4): what an exporter says its records look like. Kept as the steps by which a record
 * is read: runs of bytes to skip, fields of variable length to skip, and the few fields that are wanted.
 */
import { elementOf, type ElementName } from './elements.ts';
import { IpfixTemplateError, IpfixTruncatedError } from './errors.ts';

export type Step =
  | { readonly kind: 'skip'; readonly bytes: number }
  | { readonly kind: 'skip-variable' }
  | { readonly kind: 'read'; readonly element: ElementName; readonly bytes: number };

export interface Template {
  readonly id: number;
  readonly steps: readonly Step[];
  /** The fewest bytes that a record can have. */
  readonly minimum: number;
}

/** The templates of one exporter, by id. At most 65,280, as many as there are ids. */
export type Templates = Map<number, Template>;

/** Ids below name kinds of sets. */
export const FIRST_TEMPLATE_ID = 256;
const VARIABLE = 0xffff;
const ENTERPRISE = 0x8000;

/** Reads a template at `offset`, and what comes after it; `options` ones have a count of scope fields, too. */
export function readTemplate(
  view: DataView,
  offset: number,
  end: number,
  options: boolean,
): { template: Template | undefined; id: number; next: number } {
  const header = options ? 6 : 4;
  if (offset + 4 > end) throw new IpfixTruncatedError('template', 4, end - offset);
  const id = view.getUint16(offset);
  const count = view.getUint16(offset + 2);
  if (id < FIRST_TEMPLATE_ID) throw new IpfixTemplateError(id, 'has an id that is reserved for sets');
  // Without fields it withdraws the template (RFC 7011, section 8.1).
  if (count === 0) return { template: undefined, id, next: offset + 4 };
  if (offset + header > end) throw new IpfixTruncatedError('options template', header, end - offset);
  const steps: Step[] = [];
  let at = offset + header;
  let minimum = 0;
  for (let i = 0; i < count; i++) {
    if (at + 4 > end) throw new IpfixTruncatedError(`template ${id} of ${count} fields`, 4, end - at);
    const number = view.getUint16(at);
    const bytes = view.getUint16(at + 2);
    at += 4;
    const foreign = (number & ENTERPRISE) !== 0;
    if (foreign) {
      if (at + 4 > end) throw new IpfixTruncatedError(`template ${id} of ${count} fields`, 4, end - at);
      at += 4;
    }
    minimum += bytes === VARIABLE ? 1 : bytes;
    add(steps, bytes, foreign ? undefined : elementOf(number, bytes));
  }
  if (minimum === 0) throw new IpfixTemplateError(id, 'describes records of no bytes');
  return { template: { id, steps, minimum }, id, next: at };
}

function add(steps: Step[], bytes: number, element: ElementName | undefined): void {
  const last = steps.at(-1);
  if (element !== undefined) steps.push({ kind: 'read', element, bytes });
  else if (bytes === VARIABLE) steps.push({ kind: 'skip-variable' });
  else if (last?.kind === 'skip') steps[steps.length - 1] = { kind: 'skip', bytes: last.bytes + bytes };
  else steps.push({ kind: 'skip', bytes });
}
