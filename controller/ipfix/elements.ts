/**
 * The information elements that are read, by number and length in bytes (IANA's registry "IPFIX Information
 * Elements"). All others are skipped, whatever they are.
 */
export const elements = {
  protocolIdentifier: { number: 4, bytes: 1 },
  sourceTransportPort: { number: 7, bytes: 2 },
  sourceIPv4Address: { number: 8, bytes: 4 },
  destinationTransportPort: { number: 11, bytes: 2 },
  destinationIPv4Address: { number: 12, bytes: 4 },
  sourceIPv6Address: { number: 27, bytes: 16 },
  destinationIPv6Address: { number: 28, bytes: 16 },
  observationPointId: { number: 138, bytes: 4 },
} as const;

export type ElementName = keyof typeof elements;

/** What a record says; addresses of IPv6 are 128-bit numbers, the rest fit a number. Absent: not in its template. */
export interface FlowRecord {
  protocolIdentifier?: number;
  sourceTransportPort?: number;
  sourceIPv4Address?: number;
  destinationTransportPort?: number;
  destinationIPv4Address?: number;
  sourceIPv6Address?: bigint;
  destinationIPv6Address?: bigint;
  observationPointId?: number;
}

const byNumber = new Map<number, ElementName>(
  Object.entries(elements).map(([name, { number }]) => [number, name as ElementName]),
);

/** The element that is read from a field of this length; undefined for all that is skipped. */
export function elementOf(number: number, bytes: number): ElementName | undefined {
  const name = byNumber.get(number);
  // RFC 7011, section 6.2, lets exporters shorten numbers. OVS does not, and nobody else is asked.
  return name !== undefined && elements[name].bytes === bytes ? name : undefined;
}
