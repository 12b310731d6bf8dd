/** `nat` (NXAST_NAT): flags, a bitmap of the range members present, and those members in the bitmap's order. */
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../addresses.ts';
import { OpenFlowBadValueError } from '../errors.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { NatAction } from './types.ts';

const F_SRC = 1;
const F_DST = 2;
const F_PERSISTENT = 4;
const F_HASH = 8;
const F_RANDOM = 16;
const F_KNOWN = 31;
const IPV4_MIN = 1;
const IPV4_MAX = 2;
const IPV6_MIN = 4;
const IPV6_MAX = 8;
const PORT_MIN = 16;
const PORT_MAX = 32;
const RANGE_KNOWN = 63;

const rangeLength = (present: number) =>
  (present & IPV4_MIN ? 4 : 0) +
  (present & IPV4_MAX ? 4 : 0) +
  (present & IPV6_MIN ? 16 : 0) +
  (present & IPV6_MAX ? 16 : 0) +
  (present & PORT_MIN ? 2 : 0) +
  (present & PORT_MAX ? 2 : 0);

/** The cursor is behind the subtype. Gives undefined where the action is not canonical. */
export function decodeNat(r: Reader, end: number): NatAction | undefined {
  if (r.u16() !== 0) return undefined;
  const flags = r.u16();
  const present = r.u16();
  if ((flags & ~F_KNOWN) !== 0 || (flags & 3) === 3 || (present & ~RANGE_KNOWN) !== 0) return undefined;
  const rest = end - r.position - rangeLength(present);
  if (rest < 0 || rest > 7) return undefined;
  const nat: { -readonly [K in keyof NatAction]: NatAction[K] } = {
    type: 'nat',
    manip: flags & F_SRC ? 'src' : flags & F_DST ? 'dst' : 'none',
    persistent: (flags & F_PERSISTENT) !== 0,
    hash: (flags & F_HASH) !== 0,
    random: (flags & F_RANDOM) !== 0,
  };
  if (present & IPV4_MIN) nat.ipv4Min = formatIpv4(r.u32());
  if (present & IPV4_MAX) nat.ipv4Max = formatIpv4(r.u32());
  if (present & IPV6_MIN) nat.ipv6Min = formatIpv6(r.u128());
  if (present & IPV6_MAX) nat.ipv6Max = formatIpv6(r.u128());
  if (present & PORT_MIN) nat.portMin = r.u16();
  if (present & PORT_MAX) nat.portMax = r.u16();
  return r.zeros(rest) ? nat : undefined;
}

const FLAGS = { none: 0, src: F_SRC, dst: F_DST } as const;

/** Writes what follows the subtype, up to the padding. */
export function encodeNat(w: Writer, nat: NatAction): void {
  const manip = FLAGS[nat.manip] as number | undefined;
  if (manip === undefined)
    throw new OpenFlowBadValueError('nat.manip', w.position, `${nat.manip} is not none, src or dst`);
  w.zeros(2);
  w.u16(
    manip | (nat.persistent ? F_PERSISTENT : 0) | (nat.hash ? F_HASH : 0) | (nat.random ? F_RANDOM : 0),
    'nat.flags',
  );
  w.u16(
    (nat.ipv4Min === undefined ? 0 : IPV4_MIN) |
      (nat.ipv4Max === undefined ? 0 : IPV4_MAX) |
      (nat.ipv6Min === undefined ? 0 : IPV6_MIN) |
      (nat.ipv6Max === undefined ? 0 : IPV6_MAX) |
      (nat.portMin === undefined ? 0 : PORT_MIN) |
      (nat.portMax === undefined ? 0 : PORT_MAX),
    'nat.range',
  );
  if (nat.ipv4Min !== undefined) w.u32(parseIpv4(nat.ipv4Min), 'nat.ipv4Min');
  if (nat.ipv4Max !== undefined) w.u32(parseIpv4(nat.ipv4Max), 'nat.ipv4Max');
  if (nat.ipv6Min !== undefined) w.u128(parseIpv6(nat.ipv6Min), 'nat.ipv6Min');
  if (nat.ipv6Max !== undefined) w.u128(parseIpv6(nat.ipv6Max), 'nat.ipv6Max');
  if (nat.portMin !== undefined) w.u16(nat.portMin, 'nat.portMin');
  if (nat.portMax !== undefined) w.u16(nat.portMax, 'nat.portMax');
}
