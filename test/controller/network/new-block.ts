/** A block that a person wants, of nobody's guest and without an end: what tests of the blocklist begin with. */
import type { NewBlock } from '../../../controller/network/blocklist-changes.ts';

export const byPerson: NewBlock = {
  origin: 'person',
  reason: '',
  verdict: undefined,
  guest: undefined,
  createdAt: 0,
  expires: undefined,
};
