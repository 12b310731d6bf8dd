/** `controller` with properties (NXAST_CONTROLLER2). */
import { PacketInReasons } from '../names.ts';
import {
  beginProperty,
  bytesProperty,
  endProperty,
  finishProperty,
  putBytesProperty,
  putU16Property,
  putU32Property,
  putU8Property,
  startProperty,
  u16Property,
  u32Property,
  u8Property,
} from '../properties.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { Controller2Action } from './types.ts';

const MAX_LEN = 0;
const CONTROLLER_ID = 1;
const REASON = 2;
const USERDATA = 3;
const PAUSE = 4;
const METER_ID = 5;

type Draft = { -readonly [K in keyof Controller2Action]: Controller2Action[K] };

function take(r: Reader, head: ReturnType<typeof beginProperty>, draft: Draft): boolean {
  switch (head.type) {
    case MAX_LEN:
      return (draft.maxLen = u16Property(r, head)) !== undefined;
    case CONTROLLER_ID:
      return (draft.controllerId = u16Property(r, head)) !== undefined;
    case REASON: {
      const reason = u8Property(r, head);
      return reason !== undefined && (draft.reason = PacketInReasons.name(reason)) !== undefined;
    }
    case USERDATA:
      return (draft.userdata = bytesProperty(r, head)) !== undefined;
    case PAUSE:
      return (draft.pause = endProperty(r, head));
    case METER_ID:
      return (draft.meterId = u32Property(r, head)) !== undefined;
    default:
      return false;
  }
}

/** The cursor is behind the subtype. Gives undefined where the action is not canonical. */
export function decodeController2(r: Reader, end: number): Controller2Action | undefined {
  if (!r.zeros(6)) return undefined;
  const draft: Draft = { type: 'controller2' };
  let last = -1;
  while (r.position < end) {
    const head = beginProperty(r, end, 'controller2');
    const trial: Draft = { type: 'controller2' };
    if (head.type <= last || !take(r, head, trial)) {
      draft.others = r.copyRange(head.start, end);
      break;
    }
    Object.assign(draft, trial);
    last = head.type;
  }
  return draft;
}

/** Writes what follows the subtype, up to the padding. */
export function encodeController2(w: Writer, action: Controller2Action): void {
  w.zeros(6);
  if (action.maxLen !== undefined) putU16Property(w, MAX_LEN, action.maxLen, 'controller2.maxLen');
  if (action.controllerId !== undefined) {
    putU16Property(w, CONTROLLER_ID, action.controllerId, 'controller2.controllerId');
  }
  if (action.reason !== undefined) {
    putU8Property(
      w,
      REASON,
      PacketInReasons.number(action.reason, w, 'controller2.reason'),
      'controller2.reason',
    );
  }
  if (action.userdata !== undefined) putBytesProperty(w, USERDATA, action.userdata, 'controller2.userdata');
  if (action.pause === true)
    finishProperty(w, startProperty(w, PAUSE, 'controller2.pause'), 'controller2.pause');
  if (action.meterId !== undefined) putU32Property(w, METER_ID, action.meterId, 'controller2.meterId');
  if (action.others !== undefined) w.raw(action.others);
}
