/** Identities that are the same in every run of a lab, and different in another: derived from names. */
import { createHash } from 'node:crypto';

function digest(words: readonly string[]): Buffer {
  return createHash('sha256').update(words.join('\0')).digest();
}

/** A locally administered unicast MAC address; `52:54:00`, QEMU's own prefix, for guests. */
export function macOf(prefix: '02' | '52:54:00', ...words: readonly string[]): string {
  const bytes = digest(words).toString('hex').match(/../g) ?? [];
  return [...prefix.split(':'), ...bytes].slice(0, 6).join(':');
}

/** A UUID of version 8 (RFC 9562, section 5.8). */
export function uuidOf(...words: readonly string[]): string {
  const bytes = digest(words).subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** An OpenFlow datapath id: 16 hexadecimal digits, not zero. */
export function datapathIdOf(...words: readonly string[]): string {
  return `0000${macOf('02', ...words).replaceAll(':', '')}`;
}

/** An interface name of at most 15 characters (IFNAMSIZ), readable when `text` is short enough. */
export function interfaceName(prefix: string, text: string): string {
  const whole = `${prefix}${text}`;
  if (whole.length <= 15) return whole;
  return `${whole.slice(0, 10)}-${digest([text]).toString('hex').slice(0, 4)}`;
}
