/** `arctictern hosts` and `arctictern edges` as text. */
import type { EdgeObject, HostObject } from '../../api/objects.ts';
import type { Colors } from '../terminal.ts';
import { clean, columns, counted, details, duration } from '../text.ts';

export function hostsText(hosts: readonly HostObject[], now: number, colors: Colors): string {
  if (hosts.length === 0) return 'The controller knows no hosts: its topology file has none.\n';
  const rows = hosts.map((host) => [
    host.name,
    host.site,
    host.underlay,
    link(host.openflow, colors),
    link(host.ovsdb, colors),
    link(host.libvirt, colors),
    datapathText(host),
    guestsText(host),
  ]);
  const head = ['HOST', 'SITE', 'UNDERLAY', 'OPENFLOW', 'OVSDB', 'LIBVIRT', 'DATAPATH', 'GUESTS'];
  const notes = hosts.flatMap((host) => notesOf(host, now).map((note) => `${host.name}: ${note}\n`));
  return columns(head, rows, colors) + (notes.length === 0 ? '' : `\n${notes.join('')}`);
}

export function edgesText(edges: readonly EdgeObject[], colors: Colors): string {
  if (edges.length === 0) return 'The controller knows no edges: its topology file has none.\n';
  const rows = edges.map((edge) => [
    edge.name,
    edge.site,
    edge.underlay,
    edge.redirect ? 'yes' : 'no',
    link(edge.openflow, colors),
    link(edge.ovsdb, colors),
    datapathText(edge),
  ]);
  return columns(['EDGE', 'SITE', 'UNDERLAY', 'REDIRECTS', 'OPENFLOW', 'OVSDB', 'DATAPATH'], rows, colors);
}

export function hostText(host: HostObject, now: number, colors: Colors): string {
  return details(
    [
      ['host', host.name],
      ['site', host.site],
      ['underlay', host.underlay],
      ['OpenFlow', link(host.openflow, colors)],
      ['OVSDB', link(host.ovsdb, colors)],
      ['libvirt', link(host.libvirt, colors)],
      ['datapath', datapathText(host)],
      ['datapath id', host.datapathId ?? '-'],
      ['capacity', `${counted(host.capacity.guests, 'guest')}, ${host.capacity.memoryMiB} MiB`],
      ['guests', guestsText(host)],
      ...notesOf(host, now).map((note) => ['note', note] as const),
    ],
    colors,
  );
}

function link(state: HostObject['openflow' | 'ovsdb' | 'libvirt'], colors: Colors): string {
  switch (state) {
    case 'connected':
    case 'seen':
      return colors.green(state);
    case 'reading-back':
      return colors.yellow(state);
    case 'disconnected':
    case 'unseen':
      return colors.red(state);
  }
}

function datapathText({ datapath }: Pick<HostObject, 'datapath'>): string {
  return datapath === null ? '-' : clean(`${datapath.type} (OVS ${datapath.ovsVersion})`);
}

function guestsText({ guests }: HostObject): string {
  return guests.length === 0 ? '-' : guests.join(', ');
}

function notesOf({ datapath, graceUntil }: HostObject, now: number): string[] {
  const notes: string[] = [];
  if (datapath !== null && datapath.missing.length > 0) {
    notes.push(`its datapath lacks ${datapath.missing.join(', ')}, which the pipeline needs`);
  }
  if (datapath?.unknown === true) notes.push('its OVS does not tell what the datapath can do');
  if (graceUntil !== null && graceUntil > now) {
    notes.push(
      `conntrack was empty: TCP in mid-stream is admitted for another ${duration(graceUntil - now)}`,
    );
  }
  return notes;
}
