/**
 * IPFIX messages (RFC 7011) as OVS sends them over UDP: a pure decoder.
 *
 *   message header, 16 bytes: version 10, length, export time, sequence number, observation domain
 *   sets, each with id and length: 2 templates, 3 options templates, 256 and above records of that template
 *
 * Templates are kept per exporter, not per observation domain: OVS has the same ones in all of its domains, and tells
 * them in the domain that it happens to speak of first. Records of a template that has not been told yet are counted and skipped.
 */
import type { FlowRecord } from './elements.ts';
import { IpfixSetError, IpfixTruncatedError, IpfixVersionError } from './errors.ts';
import { FIRST_TEMPLATE_ID, readTemplate, type Template, type Templates } from './template.ts';

const VERSION = 10;
const MESSAGE_HEADER = 16;
const SET_HEADER = 4;
const TEMPLATE_SET = 2;
const OPTIONS_TEMPLATE_SET = 3;

export interface Decoded {
  /** Observation domain. */
  readonly domain: number;
  /** Records of the first message on, modulo 2^32: a jump tells of lost messages. */
  readonly sequence: number;
  readonly records: readonly FlowRecord[];
  /** Sets whose template has not been told. */
  readonly unknownSets: number;
}

/**
 * The records of a message; the templates in it are put into `templates`. Throws `IPFIX_TRUNCATED`, `IPFIX_VERSION`,
 * `IPFIX_SET`, `IPFIX_TEMPLATE`; templates that came before the fault are kept.
 */
export function decodeMessage(bytes: Uint8Array, templates: Templates): Decoded {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < MESSAGE_HEADER) throw new IpfixTruncatedError('message', MESSAGE_HEADER, bytes.length);
  const version = view.getUint16(0);
  if (version !== VERSION) throw new IpfixVersionError(version);
  const length = view.getUint16(2);
  if (length > bytes.length || length < MESSAGE_HEADER) {
    throw new IpfixTruncatedError('message', Math.max(length, MESSAGE_HEADER), bytes.length);
  }
  const records: FlowRecord[] = [];
  let unknownSets = 0;
  for (let at = MESSAGE_HEADER; at < length;) {
    if (at + SET_HEADER > length) throw new IpfixTruncatedError('set', SET_HEADER, length - at);
    const id = view.getUint16(at);
    const setLength = view.getUint16(at + 2);
    const end = at + setLength;
    if (setLength < SET_HEADER || end > length) {
      throw new IpfixTruncatedError('set', Math.max(setLength, SET_HEADER), length - at);
    }
    if (id === TEMPLATE_SET || id === OPTIONS_TEMPLATE_SET) {
      readTemplates(view, at + SET_HEADER, end, id === OPTIONS_TEMPLATE_SET, templates);
    } else if (id < FIRST_TEMPLATE_ID) {
      throw new IpfixSetError(id);
    } else {
      const template = templates.get(id);
      if (template === undefined) unknownSets += 1;
      else readRecords(view, at + SET_HEADER, end, template, records);
    }
    at = end;
  }
  return { domain: view.getUint32(12), sequence: view.getUint32(8), records, unknownSets };
}

function readTemplates(
  view: DataView,
  start: number,
  end: number,
  options: boolean,
  templates: Templates,
): void {
  // Fewer than four bytes are padding.
  for (let at = start; at + 4 <= end;) {
    const { template, id, next } = readTemplate(view, at, end, options);
    if (template === undefined) templates.delete(id);
    else templates.set(id, template);
    at = next;
  }
}

function readRecords(
  view: DataView,
  start: number,
  end: number,
  template: Template,
  records: FlowRecord[],
): void {
  // What is shorter than any record is padding.
  for (let at = start; at + template.minimum <= end;) {
    const record: FlowRecord = {};
    at = readRecord(view, at, end, template, record);
    records.push(record);
  }
}

function readRecord(
  view: DataView,
  start: number,
  end: number,
  { id, steps }: Template,
  record: FlowRecord,
): number {
  let at = start;
  for (const step of steps) {
    let bytes: number;
    if (step.kind === 'skip-variable') {
      // RFC 7011, section 7: one byte of length, or 255 and two.
      if (at >= end) throw new IpfixTruncatedError(`record of template ${id}`, at + 1 - start, end - start);
      bytes = view.getUint8(at);
      at += 1;
      if (bytes === 255) {
        if (at + 2 > end) {
          throw new IpfixTruncatedError(`record of template ${id}`, at + 2 - start, end - start);
        }
        bytes = view.getUint16(at);
        at += 2;
      }
    } else {
      ({ bytes } = step);
    }
    if (at + bytes > end) {
      throw new IpfixTruncatedError(`record of template ${id}`, at + bytes - start, end - start);
    }
    if (step.kind === 'read') readField(view, at, step.element, record);
    at += bytes;
  }
  return at;
}

function readField(view: DataView, at: number, element: keyof FlowRecord, record: FlowRecord): void {
  switch (element) {
    case 'protocolIdentifier':
      record[element] = view.getUint8(at);
      return;
    case 'sourceTransportPort':
    case 'destinationTransportPort':
      record[element] = view.getUint16(at);
      return;
    case 'sourceIPv4Address':
    case 'destinationIPv4Address':
    case 'observationPointId':
      record[element] = view.getUint32(at);
      return;
    case 'sourceIPv6Address':
    case 'destinationIPv6Address':
      record[element] = (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8);
      return;
  }
}
