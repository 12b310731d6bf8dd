/**
 * An experiment speaks of what is there, and opens and attacks each thing once.
 */
import { parseAddress } from '../../controller/network/address.ts';
import { pathText } from '../path-text.ts';
import type { Topology } from '../schema.ts';
import { duplicate, type Problem, unknown, unreachable } from './problem.ts';

export function* experiments({ experiment, guests, hosts, lab, dns }: Topology): Generator<Problem> {
  if (experiment === undefined) return;
  const clients = lab?.clients ?? {};
  for (const [name, { client, to, family, at, from }] of Object.entries(experiment.connections)) {
    const path = ['experiment', 'connections', name];
    if (at === 'name' && dns === undefined) yield nameless(path);
    else if (at === 'name' && from === 'guest') {
      yield {
        code: 'TOPOLOGY_REFERENCE',
        path: [...path, 'at'],
        sentence: `${pathText(path)}.at is name: expected home or care-of, since it is the guest that opens it`,
      };
    }
    if (!(client in clients)) yield unknown([...path, 'client'], 'client', client, Object.keys(clients));
    const guest = guests[to];
    if (guest === undefined) {
      yield unknown([...path, 'to'], 'guest', to, Object.keys(guests));
    } else if (family !== undefined) {
      for (const [who, addresses] of [
        [`guest ${to}`, guest.addresses],
        [`client ${client}`, clients[client]?.addresses ?? []],
      ] as const) {
        if (addresses.some((text) => parseAddress(text)!.version === family)) continue;
        yield {
          code: 'TOPOLOGY_REFERENCE',
          path: [...path, 'family'],
          sentence: `${pathText(path)}.family is ${family}, and ${who} has no IPv${family} address`,
        };
      }
    }
  }
  yield* attacks(experiment, guests, lab?.attackers ?? {}, dns);
  const opened = new Set<string>();
  const begun = new Set<string>();
  for (const [i, { open, close, migrate, attack }] of experiment.steps.entries()) {
    const path = ['experiment', 'steps', i];
    for (const [j, name] of (open ?? []).entries()) {
      const at = [...path, 'open', j];
      if (!(name in experiment.connections)) {
        yield unknown(at, 'connection', name, Object.keys(experiment.connections));
      }
      if (opened.has(name))
        yield duplicate(at, `${pathText(at)} opens ${name} a second time; give it another name`);
      opened.add(name);
    }
    for (const [j, name] of (close ?? []).entries()) {
      if (!opened.has(name)) yield unknown([...path, 'close', j], 'open connection', name, [...opened]);
    }
    for (const [j, name] of (attack ?? []).entries()) {
      const at = [...path, 'attack', j];
      if (!(name in experiment.attacks)) yield unknown(at, 'attack', name, Object.keys(experiment.attacks));
      if (begun.has(name))
        yield duplicate(at, `${pathText(at)} begins ${name} a second time; give it another name`);
      begun.add(name);
    }
    if (migrate === undefined) continue;
    if (!(migrate.guest in guests)) {
      yield unknown([...path, 'migrate', 'guest'], 'guest', migrate.guest, Object.keys(guests));
    }
    if (!(migrate.to in hosts))
      yield unknown([...path, 'migrate', 'to'], 'host', migrate.to, Object.keys(hosts));
  }
}

const nameless = (path: readonly string[]): Problem => ({
  code: 'TOPOLOGY_REFERENCE',
  path: [...path, 'at'],
  sentence: `${pathText(path)}.at is name, and the file has no \`dns\`: say there which server and zone`,
});

/** The tools that flood speak IPv4. */
function* attacks(
  experiment: NonNullable<Topology['experiment']>,
  guests: Topology['guests'],
  attackers: NonNullable<Topology['lab']>['attackers'],
  dns: Topology['dns'],
): Generator<Problem> {
  const speaksV4 = (addresses: readonly string[]): boolean =>
    addresses.some((text) => parseAddress(text)!.version === 4);
  for (const [name, { from, to, at: where }] of Object.entries(experiment.attacks)) {
    const path = ['experiment', 'attacks', name];
    if (where === 'name' && dns === undefined) yield nameless(path);
    for (const [i, attacker] of from.entries()) {
      const at = [...path, 'from', i];
      if (!(attacker in attackers)) yield unknown(at, 'attacker', attacker, Object.keys(attackers));
      else if (!speaksV4(attackers[attacker]!.addresses)) {
        yield unreachable(at, `${pathText(at)} is ${attacker}, which has no IPv4 address to attack from`);
      }
    }
    const guest = guests[to];
    if (guest === undefined) yield unknown([...path, 'to'], 'guest', to, Object.keys(guests));
    else if (!speaksV4(guest.addresses)) {
      yield unreachable([...path, 'to'], `${pathText(path)}.to is ${to}, which has no IPv4 address`);
    }
  }
}
