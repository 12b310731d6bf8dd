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
    listed(guest.interfaces.map(({ home }) => addressText(home))),
    listed(guest.interfaces.map(({ careOf }) => addressText(careOf))),
    listed([...new Set(guest.interfaces.flatMap(({ anchors }) => anchors.map(({ host }) => host)))]),
    guest.migration ?? '-',
  ]);
  return columns(['GUEST', 'HOST', 'STATE', 'HOME', 'CARE-OF', 'ANCHORS', 'MIGRATION'], rows, colors);
}

export function guestText(guest: GuestObject, colors: Colors): string {
  const { interfaces } = guest;
  return details(
    [
      ['guest', guest.name],
      ['uuid', guest.uuid],
      ['host', guest.host ?? '-'],
      ['state', stateText(guest, colors)],
      ...interfaces.flatMap(interfaceRows),
      ['memory', `${guest.memoryMiB} MiB`],
      ['services', guest.services.map(({ protocol, port }) => `${protocol}/${port}`).join(', ') || '-'],
      ...interfaces.flatMap(anchorRows),
      ['migration', guest.migration ?? '-'],
    ],
    colors,
  );
}

type Row = readonly [string, string];

function interfaceRows({ home, careOf, mac }: GuestObject['interfaces'][number]): Row[] {
  return [
    ['home', addressText(home)],
    ['care-of', addressText(careOf)],
    ['mac', mac],
  ];
}

function anchorRows({ anchors }: GuestObject['interfaces'][number]): Row[] {
  return anchors.map(({ host, addresses, admit, index }) => [
    index === 1 ? 'home anchor' : `anchor ${index}`,
    `${host}: ${addressText(addresses)}, admits ${admit}`,
  ]);
}

/** What several interfaces have, `-` where none has any. */
function listed(texts: readonly string[]): string {
  const some = texts.filter((text) => text !== '-');
  return some.length === 0 ? '-' : some.join(', ');
}

function stateText({ state }: GuestObject, colors: Colors): string {
  if (state === 'running') return colors.green(state);
  return state === 'unknown' ? colors.dim(state) : colors.yellow(state);
}
