/** `arctictern guests` as text. */
import type { GuestObject } from '../../api/objects.ts';
import type { Colors } from '../terminal.ts';
import { ago, amount, columns, counted, details, duration } from '../text.ts';
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

export function guestText(guest: GuestObject, now: number, colors: Colors): string {
  const { interfaces } = guest;
  return details(
    [
      ['guest', guest.name],
      ['uuid', guest.uuid],
      ['host', guest.host ?? '-'],
      ['state', stateText(guest, colors)],
      ...interfaces.flatMap(interfaceRows),
      ['dns', nameText(guest)],
      ['memory', `${guest.memoryMiB} MiB`],
      ['services', guest.services.map(({ protocol, port }) => `${protocol}/${port}`).join(', ') || '-'],
      ...interfaces.flatMap((one) => anchorRows(one, now)),
      ['migration', guest.migration ?? '-'],
    ],
    colors,
  );
}

/** What the name server says, and what it should say where that is something else. */
export function nameText({ dns }: GuestObject): string {
  if (dns === null) return '-';
  const { name, published, wanted, problem } = dns;
  const says = `${name}: ${published?.join(', ') ?? 'unknown'}`;
  const isPending = wanted !== null && wanted.join() !== published?.join();
  if (!isPending) return says;
  return `${says}; ${wanted.join(', ')} is on its way${problem === null ? '' : `: ${problem}`}`;
}

/** What the anchor has relayed, and how long it still will. */
export function relayText({ relay }: GuestObject['anchors'][number], now: number): string {
  if (relay === null) return '';
  const { packets, bytes, idleSince, goesAt } = relay;
  const carried = `relayed ${counted(packets, 'packet')} (${amount(bytes)} bytes), the last ${ago(idleSince, now)}`;
  const goes =
    goesAt === null ? 'stays' : `goes in ${duration(Math.max(0, Math.ceil((goesAt - now) / 1000) * 1000))}`;
  return `; ${carried}; ${goes}`;
}

type Row = readonly [string, string];

function interfaceRows({ home, careOf, mac }: GuestObject['interfaces'][number]): Row[] {
  return [
    ['home', addressText(home)],
    ['care-of', addressText(careOf)],
    ['mac', mac],
  ];
}

function anchorRows({ anchors }: GuestObject['interfaces'][number], now: number): Row[] {
  return anchors.map((anchor) => [
    anchor.index === 1 ? 'home anchor' : `anchor ${anchor.index}`,
    `${anchor.host}: ${addressText(anchor.addresses)}, admits ${anchor.admit}${relayText(anchor, now)}`,
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
