/**
 * The yardstick of the codec's benchmark: the same messages, byte for byte, written and read over a DataView by
 * hand. It takes flat numbers, knows this one kind of message with these lengths, checks nothing and makes no objects:
 * what a codec takes beyond that is the price of its interface and its checks.
 */
export const PLAIN_LENGTH = 144;

export interface PlainFlow {
  readonly xid: number;
  readonly cookie: number;
  readonly table: number;
  readonly priority: number;
  readonly inPort: number;
  readonly ipSource: number;
  readonly ipDestination: number;
  readonly tcpDestination: number;
  readonly output: number;
}

export function writePlain(view: DataView, at: number, flow: PlainFlow): void {
  view.setUint8(at, 6);
  view.setUint8(at + 1, 14);
  view.setUint16(at + 2, PLAIN_LENGTH);
  view.setUint32(at + 4, flow.xid);
  view.setUint32(at + 8, 0);
  view.setUint32(at + 12, flow.cookie);
  view.setUint32(at + 16, 0);
  view.setUint32(at + 20, 0);
  view.setUint8(at + 24, flow.table);
  view.setUint8(at + 25, 0);
  view.setUint16(at + 26, 0);
  view.setUint16(at + 28, 0);
  view.setUint16(at + 30, flow.priority);
  view.setUint32(at + 32, 0xffffffff);
  view.setUint32(at + 36, 0xffffffff);
  view.setUint32(at + 40, 0xffffffff);
  view.setUint16(at + 44, 0);
  view.setUint16(at + 46, 0);
  writeMatch(view, at + 48, flow);
  writeInstruction(view, at + 104, flow);
}

function writeMatch(view: DataView, at: number, flow: PlainFlow): void {
  view.setUint16(at, 1);
  view.setUint16(at + 2, 49);
  view.setUint32(at + 4, 0x80000004);
  view.setUint32(at + 8, flow.inPort);
  view.setUint32(at + 12, 0x80000a02);
  view.setUint16(at + 16, 0x0800);
  view.setUint32(at + 18, 0x80001708);
  view.setUint32(at + 22, flow.ipSource);
  view.setUint32(at + 26, 0xffffff00);
  view.setUint32(at + 30, 0x80001804);
  view.setUint32(at + 34, flow.ipDestination);
  view.setUint32(at + 38, 0x80001401);
  view.setUint8(at + 42, 6);
  view.setUint32(at + 43, 0x80001c02);
  view.setUint16(at + 47, flow.tcpDestination);
  view.setUint8(at + 49, 0);
  view.setUint16(at + 50, 0);
  view.setUint32(at + 52, 0);
}

function writeInstruction(view: DataView, at: number, flow: PlainFlow): void {
  view.setUint16(at, 4);
  view.setUint16(at + 2, 40);
  view.setUint32(at + 4, 0);
  view.setUint16(at + 8, 25);
  view.setUint16(at + 10, 16);
  view.setUint32(at + 12, 0x80000606);
  view.setUint16(at + 16, 0x0200);
  view.setUint32(at + 18, 0x00000001);
  view.setUint16(at + 22, 0);
  view.setUint16(at + 24, 0);
  view.setUint16(at + 26, 16);
  view.setUint32(at + 28, flow.output);
  view.setUint16(at + 32, 0);
  view.setUint16(at + 34, 0);
  view.setUint32(at + 36, 0);
}

/** Reads every number that `writePlain` writes; gives all of them in one, so that none is left unread. */
export function readPlain(view: DataView, at: number): number {
  return readFlowMod(view, at) ^ readMatch(view, at + 48) ^ readInstruction(view, at + 104);
}

function readFlowMod(view: DataView, at: number): number {
  let all = view.getUint8(at) ^ view.getUint8(at + 1) ^ view.getUint16(at + 2) ^ view.getUint32(at + 4);
  all ^= view.getUint32(at + 8) ^ view.getUint32(at + 12) ^ view.getUint32(at + 16) ^ view.getUint32(at + 20);
  all ^= view.getUint8(at + 24) ^ view.getUint8(at + 25) ^ view.getUint16(at + 26) ^ view.getUint16(at + 28);
  all ^=
    view.getUint16(at + 30) ^ view.getUint32(at + 32) ^ view.getUint32(at + 36) ^ view.getUint32(at + 40);
  return all ^ view.getUint16(at + 44) ^ view.getUint16(at + 46);
}

function readMatch(view: DataView, at: number): number {
  let all = view.getUint16(at) ^ view.getUint16(at + 2) ^ view.getUint32(at + 4) ^ view.getUint32(at + 8);
  all ^= view.getUint32(at + 12) ^ view.getUint16(at + 16);
  all ^= view.getUint32(at + 18) ^ view.getUint32(at + 22) ^ view.getUint32(at + 26);
  all ^= view.getUint32(at + 30) ^ view.getUint32(at + 34) ^ view.getUint32(at + 38) ^ view.getUint8(at + 42);
  all ^= view.getUint32(at + 43) ^ view.getUint16(at + 47);
  return all ^ view.getUint8(at + 49) ^ view.getUint16(at + 50) ^ view.getUint32(at + 52);
}

function readInstruction(view: DataView, at: number): number {
  let all = view.getUint16(at) ^ view.getUint16(at + 2) ^ view.getUint32(at + 4);
  all ^= view.getUint16(at + 8) ^ view.getUint16(at + 10) ^ view.getUint32(at + 12);
  all ^= view.getUint16(at + 16) ^ view.getUint32(at + 18) ^ view.getUint16(at + 22);
  all ^= view.getUint16(at + 24) ^ view.getUint16(at + 26) ^ view.getUint32(at + 28);
  return all ^ view.getUint16(at + 32) ^ view.getUint16(at + 34) ^ view.getUint32(at + 36);
}
