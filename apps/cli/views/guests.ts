/** `arctictern guests` as text. */
import type { GuestObject } from '../../api/objects.ts';
import type { Colors } from '../terminal.ts';
import { columns, details } from '../text.ts';
import { addressText } from './addresses.ts';

export function guestsText(guests: readonly GuestObject[], colors: Colors): string {
  if (guests.length === 0) return 'The controller knows no guests: its topology file has none.\n';
  const rows = guests.map((guest) => [
    guest.name,
    guest.host ?? '-',
    stateText(guest, colors),
    addressText(guest.home),
    addressText(guest.careOf),
    anchorHosts(guest),
    guest.migration ?? '-',
  ]);
  return columns(['GUEST', 'HOST', 'STATE', 'HOME', 'CARE-OF', 'ANCHORS', 'MIGRATION'], rows, colors);
}

export function guestText(guest: GuestObject, colors: Colors): string {
  const anchors = guest.anchors.map(
    ({ host, addresses, admit, index }) =>
      [
        index === 1 ? 'home anchor' : `anchor ${index}`,
        `${host}: ${addressText(addresses)}, admits ${admit}`,
      ] as const,
  );
  return details(
    [
      ['guest', guest.name],
      ['uuid', guest.uuid],
      ['host', guest.host ?? '-'],
      ['state', stateText(guest, colors)],
      ['home', addressText(guest.home)],
      ['care-of', addressText(guest.careOf)],
      ['mac', guest.mac],
      ['memory', `${guest.memoryMiB} MiB`],
      ['services', guest.services.map(({ protocol, port }) => `${protocol}/${port}`).join(', ') || '-'],
      ...anchors,
      ['migration', guest.migration ?? '-'],
    ],
    colors,
  );
}

function anchorHosts({ anchors }: GuestObject): string {
  return anchors.length === 0 ? '-' : anchors.map(({ host }) => host).join(', ');
}

function stateText({ state }: GuestObject, colors: Colors): string {
  if (state === 'running') return colors.green(state);
  return state === 'unknown' ? colors.dim(state) : colors.yellow(state);
}
