/**
 * What is written on a connection when it is committed.
 */
import type { Action } from '../../controller/openflow/index.ts';
import { copy, set } from '../../controller/switches/flow.ts';
import { Mark, Register } from '../../controller/switches/pipeline.ts';

export const KNOWN = 1 << Mark.known.offset;
const OPENED = 1 << Mark.opened.offset;
const REDIRECTED = 1 << Mark.redirected.offset;

/** In an anchor zone: this bridge has admitted the connection. */
export const markKnown: readonly Action[] = [set('ct_mark', { value: KNOWN, mask: KNOWN })];

/** In an anchor zone: the guest has opened it here. */
export const markOpened: readonly Action[] = [
  set('ct_mark', { value: KNOWN | OPENED, mask: KNOWN | OPENED }),
];

/** In an edge's anchor zone: it has redirected the connection from its beginning. */
export const markRedirected: readonly Action[] = [
  set('ct_mark', { value: KNOWN | REDIRECTED, mask: KNOWN | REDIRECTED }),
];

/** In a relay zone: it is not known there. */
export const NO_ANCHOR = { ct_mark: { value: 0, mask: 2 ** Mark.anchor.bits - 1 } } as const;

/** In a relay zone: which anchor it comes from, and how answers leave. */
export const markRelayed: readonly Action[] = [
  copy(Register.anchor, 0, 'ct_mark', Mark.anchor.offset, Mark.anchor.bits),
  copy(Register.answer, 0, 'ct_mark', Mark.answer.offset, Mark.answer.bits),
];
