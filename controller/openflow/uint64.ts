/**
 * 64 bits between a DataView, in network byte order, and a bigint. V8 makes a call of `DataView.setBigUint64` and
 * `getBigUint64`, but a few instructions of an access to a typed array: so the two halves go through one.
 */
const whole = new BigUint64Array([1n]);
const halves = new Uint32Array(whole.buffer);
/** Which half is the lower one depends on the machine's byte order. */
const LOW = halves[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;

/** Writes the lowest 64 bits of `value`. */
export function storeU64(view: DataView, at: number, value: bigint): void {
  whole[0] = value;
  view.setUint32(at, halves[HIGH]!);
  view.setUint32(at + 4, halves[LOW]!);
}

export function loadU64(view: DataView, at: number): bigint {
  const high = view.getUint32(at);
  const low = view.getUint32(at + 4);
  // Most cookies and masks: no bigint has to be made.
  if (high === 0 && low === 0) return 0n;
  halves[HIGH] = high;
  halves[LOW] = low;
  return whole[0]!;
}
