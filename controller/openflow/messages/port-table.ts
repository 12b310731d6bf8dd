/** Ports and tables: descriptions, changes, and news of changes. */
import { formatMac, parseMac } from '../addresses.ts';
import { OpenFlowBadLengthError } from '../errors.ts';
import { decodeText, encodeText } from '../fixed-text.ts';
import { PortReasons, TableReasons } from '../names.ts';
import { beginProperty, putU32Property, u32Property } from '../properties.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { exactly } from './session.ts';
import type {
  EthernetFeatures,
  PortDesc,
  PortMod,
  PortStatus,
  TableDesc,
  TableMod,
  TableStatus,
} from './types.ts';

const PORT_LENGTH = 40;
const ETHERNET = 0;
const ETHERNET_LENGTH = 32;

/** Reads a port description that ends at or before `end`; undefined where it is not canonical. */
export function decodePort(r: Reader, end: number): PortDesc | undefined {
  const start = r.position;
  if (end - start < PORT_LENGTH) {
    throw new OpenFlowBadLengthError(
      'port',
      r.offset,
      `a port needs ${PORT_LENGTH} bytes, ${end - start} are left`,
    );
  }
  const portNo = r.u32();
  const length = r.u16();
  if (length < PORT_LENGTH || start + length > end) {
    throw new OpenFlowBadLengthError(
      'port',
      start - r.origin,
      `a port of ${length} bytes does not fit in the ${end - start} left`,
    );
  }
  const stop = start + length;
  const pad1 = r.u16();
  const hwAddr = formatMac(r.u48());
  const pad2 = r.u16();
  const name = decodeText(r, 16);
  if ((pad1 | pad2) !== 0 || name === undefined) return undefined;
  const port: { -readonly [K in keyof PortDesc]: PortDesc[K] } = {
    portNo,
    hwAddr,
    name,
    config: r.u32(),
    state: r.u32(),
  };
  while (r.position < stop) {
    const head = beginProperty(r, stop, 'port.properties');
    const ethernet =
      head.type === ETHERNET && port.ethernet === undefined && head.end - head.start === ETHERNET_LENGTH
        ? decodeEthernet(r)
        : undefined;
    if (ethernet === undefined) {
      port.others = r.copyRange(head.start, stop);
      break;
    }
    port.ethernet = ethernet;
  }
  return port;
}

function decodeEthernet(r: Reader): EthernetFeatures | undefined {
  if (r.u32() !== 0) return undefined;
  return {
    curr: r.u32(),
    advertised: r.u32(),
    supported: r.u32(),
    peer: r.u32(),
    currSpeed: r.u32(),
    maxSpeed: r.u32(),
  };
}

export function encodePort(w: Writer, port: PortDesc): void {
  const start = w.position;
  w.u32(port.portNo, 'port.portNo');
  w.u32(0, 'port');
  w.u48(parseMac(port.hwAddr), 'port.hwAddr');
  w.zeros(2);
  encodeText(w, port.name, 16, 'port.name');
  w.u32(port.config, 'port.config');
  w.u32(port.state, 'port.state');
  if (port.ethernet !== undefined) {
    w.u16(ETHERNET, 'port.ethernet');
    w.u16(ETHERNET_LENGTH, 'port.ethernet');
    w.zeros(4);
    w.u32(port.ethernet.curr, 'port.ethernet.curr');
    w.u32(port.ethernet.advertised, 'port.ethernet.advertised');
    w.u32(port.ethernet.supported, 'port.ethernet.supported');
    w.u32(port.ethernet.peer, 'port.ethernet.peer');
    w.u32(port.ethernet.currSpeed, 'port.ethernet.currSpeed');
    w.u32(port.ethernet.maxSpeed, 'port.ethernet.maxSpeed');
  }
  if (port.others !== undefined) w.raw(port.others);
  w.length16(start + 4, start, 'port');
}

export function decodePortStatus(r: Reader, xid: number): PortStatus | undefined {
  r.need(8, 'port_status');
  const reason = PortReasons.name(r.u8());
  if (reason === undefined || !r.zeros(7)) return undefined;
  const port = decodePort(r, r.end);
  if (port === undefined) return undefined;
  exactly(r, 0, 'port_status');
  return { type: 'port_status', xid, reason, port };
}

export function encodePortStatus(w: Writer, message: PortStatus): void {
  w.u8(PortReasons.number(message.reason, w, 'port_status.reason'), 'port_status.reason');
  w.zeros(7);
  encodePort(w, message.port);
}

export function decodePortMod(r: Reader, xid: number): PortMod | undefined {
  r.need(24, 'port_mod');
  const portNo = r.u32();
  const pad1 = r.u32();
  const hwAddr = formatMac(r.u48());
  if (r.u16() !== 0 || pad1 !== 0) return undefined;
  const message: { -readonly [K in keyof PortMod]: PortMod[K] } = {
    type: 'port_mod',
    xid,
    portNo,
    hwAddr,
    config: r.u32(),
    mask: r.u32(),
  };
  while (r.position < r.end) {
    const head = beginProperty(r, r.end, 'port_mod.properties');
    const advertise =
      head.type === ETHERNET && message.advertise === undefined ? u32Property(r, head) : undefined;
    if (advertise === undefined) {
      message.others = r.copyRange(head.start, r.end);
      break;
    }
    message.advertise = advertise;
  }
  return message;
}

export function encodePortMod(w: Writer, message: PortMod): void {
  w.u32(message.portNo, 'port_mod.portNo');
  w.zeros(4);
  w.u48(parseMac(message.hwAddr), 'port_mod.hwAddr');
  w.zeros(2);
  w.u32(message.config, 'port_mod.config');
  w.u32(message.mask, 'port_mod.mask');
  if (message.advertise !== undefined) putU32Property(w, ETHERNET, message.advertise, 'port_mod.advertise');
  if (message.others !== undefined) w.raw(message.others);
}

export function decodeTableMod(r: Reader, xid: number): TableMod | undefined {
  r.need(8, 'table_mod');
  const table = r.u8();
  if (!r.zeros(3)) return undefined;
  return { type: 'table_mod', xid, table, config: r.u32(), properties: r.copyRange(r.position, r.end) };
}

export function encodeTableMod(w: Writer, message: TableMod): void {
  w.u8(message.table, 'table_mod.table');
  w.zeros(3);
  w.u32(message.config, 'table_mod.config');
  w.raw(message.properties);
}

/** Reads a table description whose length has been checked to end at `end`. */
export function decodeTableDesc(r: Reader, end: number): TableDesc | undefined {
  r.skip(2);
  const table = r.u8();
  if (r.u8() !== 0) return undefined;
  return { table, config: r.u32(), properties: r.copyRange(r.position, end) };
}

export function encodeTableDesc(w: Writer, desc: TableDesc): void {
  const start = w.position;
  w.u16(0, 'table_desc');
  w.u8(desc.table, 'table_desc.table');
  w.zeros(1);
  w.u32(desc.config, 'table_desc.config');
  w.raw(desc.properties);
  w.length16(start, start, 'table_desc');
}

export function decodeTableStatus(r: Reader, xid: number): TableStatus | undefined {
  r.need(16, 'table_status');
  const reason = TableReasons.name(r.u8());
  if (reason === undefined || !r.zeros(7)) return undefined;
  const length = r.u16();
  r.position -= 2;
  if (r.position + length !== r.end || length < 8) {
    throw new OpenFlowBadLengthError(
      'table_status.desc',
      r.offset,
      `a length of ${length} is not that of the ${r.end - r.position} bytes left`,
    );
  }
  const desc = decodeTableDesc(r, r.end);
  return desc === undefined ? undefined : { type: 'table_status', xid, reason, desc };
}

export function encodeTableStatus(w: Writer, message: TableStatus): void {
  w.u8(TableReasons.number(message.reason, w, 'table_status.reason'), 'table_status.reason');
  w.zeros(7);
  encodeTableDesc(w, message.desc);
}
