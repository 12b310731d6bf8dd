/**
 * What must hold between the parts of a topology: references lead somewhere, addresses are in their subnets
 * and in nobody else's, and hosts have room for their guests.
 */
import {
  addressAt,
  bitsOf,
  contains,
  formatAddress,
  formatPrefix,
  isReserved,
  overlap,
  parseAddress,
  parsePrefix,
  type Prefix,
} from '../controller/network/address.ts';
import type { TopologyErrorCode } from './errors.ts';
import { dnsNameOf, NAME_SERVER, nameServerSite } from './naming.ts';
import { pathText } from './path-text.ts';
import type { Topology } from './schema.ts';

export interface Problem {
  readonly code: TopologyErrorCode;
  /** The field that is wrong. */
  readonly path: readonly PropertyKey[];
  readonly sentence: string;
}

/** The first problem in the order of the file's parts, or undefined. */
export function check(topology: Topology): Problem | undefined {
  const rules = [
    names,
    references,
    translation,
    subnets,
    naming,
    addresses,
    identities,
    capacity,
    management,
    experiments,
  ];
  for (const rule of rules) {
    for (const problem of rule(topology)) return problem;
  }
  return undefined;
}

/** Names that a lab gives to nodes of its own. */
const RESERVED = new Set(['management', 'wan', 'netem-probe', NAME_SERVER]);

function* names(topology: Topology): Generator<Problem> {
  const sections = {
    hosts: topology.hosts,
    edges: topology.edges,
    clients: topology.lab?.clients ?? {},
    attackers: topology.lab?.attackers ?? {},
    nat: topology.lab?.nat ?? {},
  };
  const ofLab: readonly string[] = ['clients', 'attackers', 'nat'];
  const taken = new Map<string, string>();
  for (const [section, members] of Object.entries(sections)) {
    const base = ofLab.includes(section) ? ['lab', section] : [section];
    for (const name of Object.keys(members)) {
      const path = [...base, name];
      const before = taken.get(name);
      if (before !== undefined) {
        yield duplicate(path, `${path.join('.')} has the name of ${before}; every node needs its own`);
      }
      if (RESERVED.has(name) || name.startsWith('router-')) {
        yield duplicate(path, `${path.join('.')} has a name that the lab needs for itself; choose another`);
      }
      taken.set(name, path.join('.'));
    }
  }
}

function* references(topology: Topology): Generator<Problem> {
  const lab = topology.lab;
  const sited = [
    ...Object.entries(topology.hosts).map(([name, it]) => ({ path: ['hosts', name, 'site'], site: it.site })),
    ...Object.entries(topology.edges).map(([name, it]) => ({ path: ['edges', name, 'site'], site: it.site })),
    ...(['clients', 'attackers'] as const).flatMap((section) =>
      Object.entries(lab?.[section] ?? {}).map(([name, it]) => ({
        path: ['lab', section, name, 'site'],
        site: it.site,
      })),
    ),
    ...(lab?.wan.pairs ?? []).flatMap(({ between }, i) =>
      between.map((site, j) => ({ path: ['lab', 'wan', 'pairs', i, 'between', j], site })),
    ),
    ...Object.entries(lab?.nat ?? {}).flatMap(([site, { behind }]) => [
      { path: ['lab', 'nat', site], site },
      { path: ['lab', 'nat', site, 'behind'], site: behind },
    ]),
  ];
  for (const { path, site } of sited) {
    if (!(site in topology.sites)) yield unknown(path, 'site', site, Object.keys(topology.sites));
  }
  for (const [name, guest] of Object.entries(topology.guests)) {
    if (!(guest.host in topology.hosts)) {
      yield unknown(['guests', name, 'host'], 'host', guest.host, Object.keys(topology.hosts));
    }
  }
  const linked = { ...topology.hosts, ...topology.edges, ...lab?.clients, ...lab?.attackers };
  for (const name of Object.keys(lab?.links ?? {})) {
    if (!(name in linked))
      yield unknown(['lab', 'links', name], 'host, edge, client or attacker', name, Object.keys(linked));
  }
  const edges = new Map<string, string>();
  for (const [name, { site }] of Object.entries(topology.edges)) {
    const before = edges.get(site);
    if (before !== undefined) {
      yield duplicate(
        ['edges', name, 'site'],
        `edges.${name}.site is ${site}, which has the edge ${before} already`,
      );
    }
    edges.set(site, name);
  }
  for (const [i, { between }] of (lab?.wan.pairs ?? []).entries()) {
    const first = lab!.wan.pairs.findIndex((it) => between.every((site) => it.between.includes(site)));
    if (between[0] === between[1] || first !== i) {
      yield duplicate(
        ['lab', 'wan', 'pairs', i, 'between'],
        `lab.wan.pairs[${i}].between is ${between.join(', ')}: expected two different sites, each pair once`,
      );
    }
  }
}

/** A site behind a NAT has IPv4 alone, and nobody reaches what is in it from outside. */
function* translation({ lab, hosts, sites }: Topology): Generator<Problem> {
  const nat = lab?.nat ?? {};
  const wrong = (path: readonly PropertyKey[], sentence: string): Problem => ({
    code: 'TOPOLOGY_FIELD',
    path,
    sentence: `${pathText(path)} ${sentence}`,
  });
  for (const [site, { behind, address }] of Object.entries(nat)) {
    const path = ['lab', 'nat', site];
    if (behind in nat) {
      yield wrong([...path, 'behind'], `is ${behind}, which is behind a NAT itself: choose another site`);
    }
    if (parseAddress(address)!.version !== 4)
      yield wrong([...path, 'address'], `is ${address}: expected an IPv4 address`);
    if (sites[site]!.subnets.some(({ prefix }) => parsePrefix(prefix)!.version !== 4)) {
      yield wrong(path, 'has an IPv6 subnet: a site behind a NAT has IPv4 alone');
    }
    const host = Object.keys(hosts).find((name) => hosts[name]!.site === site);
    if (host !== undefined)
      yield wrong(path, `has the host ${host}, which nobody would reach: put it at another site`);
  }
}

interface Subnet {
  readonly path: readonly PropertyKey[];
  readonly text: string;
  readonly prefix: Prefix;
}

function subnetsOf(topology: Topology): Subnet[] {
  const own = Object.entries(topology.sites).flatMap(([site, { subnets: list }]) =>
    list.map((subnet, i) => ({
      path: ['sites', site, 'subnets', i, 'prefix'],
      text: `sites.${site}.subnets[${i}].prefix`,
      prefix: parsePrefix(subnet.prefix)!,
    })),
  );
  if (!topology.lab) return own;
  const { management: mgmt, wan } = topology.lab;
  const extra = (path: string[], text: string): Subnet => ({
    path,
    text: path.join('.'),
    prefix: parsePrefix(text)!,
  });
  return [
    ...own,
    extra(['lab', 'management'], mgmt),
    extra(['lab', 'wan', 'prefix'], wan.prefix),
    extra(['lab', 'wan', 'prefix6'], wan.prefix6),
  ];
}

function* subnets(topology: Topology): Generator<Problem> {
  const all = subnetsOf(topology);
  for (const [i, subnet] of all.entries()) {
    const other = all.slice(0, i).find((it) => overlap(it.prefix, subnet.prefix));
    if (other) {
      yield {
        code: 'TOPOLOGY_OVERLAP',
        path: subnet.path,
        sentence:
          `${subnet.text} is ${formatPrefix(subnet.prefix)}, which overlaps ` +
          `${formatPrefix(other.prefix)} (${other.text}): expected a subnet of its own`,
      };
    }
  }
  for (const [site, { subnets: list }] of Object.entries(topology.sites)) {
    for (const [i, { prefix, gateway, careOf }] of list.entries()) {
      const base = ['sites', site, 'subnets', i];
      const inside = parsePrefix(prefix)!;
      yield* outside([...base, 'gateway'], gateway, [inside]);
      if (careOf) {
        yield* outside([...base, 'careOf'], careOf.first, [inside]);
        yield* outside([...base, 'careOf'], careOf.last, [inside]);
      }
    }
  }
}

/** Names of guests are in the zone, each once; a lab has a place for its name server. */
function* naming(topology: Topology): Generator<Problem> {
  const { dns, guests, lab } = topology;
  if (dns === undefined) {
    for (const [name, { dnsName }] of Object.entries(guests)) {
      if (dnsName === undefined) continue;
      const path = ['guests', name, 'dnsName'];
      const sentence = `${pathText(path)} is ${dnsName}, and the file has no \`dns\`: say there which server and zone`;
      yield { code: 'TOPOLOGY_REFERENCE', path, sentence };
    }
    return;
  }
  const taken = new Map<string, string>();
  for (const guest of Object.keys(guests)) {
    const path = ['guests', guest, 'dnsName'];
    const name = dnsNameOf(topology, guest)!;
    if (name !== dns.zone && !name.endsWith(`.${dns.zone}`)) {
      const sentence = `${pathText(path)} is ${name}: expected a name in the zone ${dns.zone}`;
      yield { code: 'TOPOLOGY_OUTSIDE', path, sentence };
    }
    const before = taken.get(name);
    if (before !== undefined) {
      yield duplicate(path, `${pathText(path)} is ${name}, which guest ${before} has already`);
    }
    taken.set(name, guest);
  }
  if (lab === undefined) {
    if (dns.key !== undefined) return;
    const sentence = 'dns.key is missing: expected the name and the secret of the key that signs updates';
    yield { code: 'TOPOLOGY_FIELD', path: ['dns', 'key'], sentence };
    return;
  }
  const { address, port } = dns.server;
  if (nameServerSite(topology) === undefined) {
    const sentence = `dns.server is ${address}: expected an address in a subnet of a site, where the lab can put its name server`;
    yield { code: 'TOPOLOGY_OUTSIDE', path: ['dns', 'server'], sentence };
  }
  if (port !== 53) {
    const sentence = `dns.server has port ${port}: expected none, since resolvers in a lab ask at port 53`;
    yield { code: 'TOPOLOGY_FIELD', path: ['dns', 'server'], sentence };
  }
  if (dns.key?.secretFile !== undefined) {
    const sentence =
      'dns.key.secretFile: expected no key, since a lab makes one, or its secret, since its name server needs that, too';
    yield { code: 'TOPOLOGY_FIELD', path: ['dns', 'key', 'secretFile'], sentence };
  }
}

/** Everything that has an address, in a site's subnets. */
function* stations(
  topology: Topology,
): Generator<{ path: readonly PropertyKey[]; site: string; text: string; guest: boolean }> {
  for (const kind of ['hosts', 'edges'] as const) {
    for (const [name, { site, underlay }] of Object.entries(topology[kind])) {
      yield { path: [kind, name, 'underlay'], site, text: underlay, guest: false };
    }
  }
  for (const [name, guest] of Object.entries(topology.guests)) {
    const site = topology.hosts[guest.host]!.site;
    for (const { path, addresses: list } of guest.interfaces) {
      for (const [i, text] of list.entries()) {
        yield { path: ['guests', name, ...path, 'addresses', i], site, text, guest: true };
      }
    }
  }
  for (const [name, { behind, address }] of Object.entries(topology.lab?.nat ?? {})) {
    yield { path: ['lab', 'nat', name, 'address'], site: behind, text: address, guest: false };
  }
  for (const section of ['clients', 'attackers'] as const) {
    for (const [name, station] of Object.entries(topology.lab?.[section] ?? {})) {
      for (const [i, text] of station.addresses.entries()) {
        yield { path: ['lab', section, name, 'addresses', i], site: station.site, text, guest: false };
      }
    }
  }
  const { dns, lab } = topology;
  const site = nameServerSite(topology);
  if (lab !== undefined && dns !== undefined && site !== undefined) {
    yield { path: ['dns', 'server'], site, text: dns.server.address, guest: false };
  }
}

function* addresses(topology: Topology): Generator<Problem> {
  const taken = new Map<string, string>();
  for (const [site, { subnets: list }] of Object.entries(topology.sites)) {
    for (const [i, { gateway }] of list.entries()) {
      taken.set(formatAddress(parseAddress(gateway)!), `sites.${site}.subnets[${i}].gateway`);
    }
  }
  for (const { path, site, text } of stations(topology)) {
    const list = topology.sites[site]!.subnets;
    yield* outside(
      path,
      text,
      list.map(({ prefix }) => parsePrefix(prefix)!),
      site,
    );
    const address = parseAddress(text)!;
    const key = formatAddress(address);
    const before = taken.get(key);
    if (before !== undefined) {
      yield duplicate(
        path,
        `${pathText(path)} is ${text}, which ${before} has already: expected a free address`,
      );
    }
    taken.set(key, pathText(path));
    const pool = list.find(({ careOf }) => {
      if (!careOf) return false;
      const [first, last] = [parseAddress(careOf.first)!, parseAddress(careOf.last)!];
      return address.version === first.version && address.value >= first.value && address.value <= last.value;
    });
    if (pool) {
      yield duplicate(
        path,
        `${pathText(path)} is ${text}, which is in the care-of range of site ${site}: expected an address outside it`,
      );
    }
  }
  for (const [name, guest] of Object.entries(topology.guests)) {
    for (const { path: of, addresses: list } of guest.interfaces) {
      const path = ['guests', name, ...of, 'addresses'];
      const versions = list.map((text) => parseAddress(text)!.version);
      if (new Set(versions).size !== versions.length) {
        yield {
          code: 'TOPOLOGY_DUPLICATE',
          path,
          sentence: `${pathText(path)}: expected at most one IPv4 and one IPv6 address`,
        };
      }
    }
  }
}

function* identities(topology: Topology): Generator<Problem> {
  for (const field of ['mac', 'uuid', 'interfaceId'] as const) {
    const taken = new Map<string, string>();
    const owners = Object.entries(topology.guests).flatMap(([name, guest]) =>
      field === 'uuid'
        ? [{ name, path: ['guests', name, field], value: guest.uuid }]
        : guest.interfaces.map((nic) => ({
            name,
            path: ['guests', name, ...nic.path, field],
            value: nic[field],
          })),
    );
    for (const { name, path, value } of owners) {
      if (value === undefined) continue;
      const before = taken.get(value);
      if (before !== undefined) {
        yield duplicate(path, `${pathText(path)} is ${value}, which guest ${before} has already`);
      }
      taken.set(value, name);
    }
  }
}

function* capacity(topology: Topology): Generator<Problem> {
  for (const [name, { capacity: room }] of Object.entries(topology.hosts)) {
    const guests = Object.values(topology.guests).filter(({ host }) => host === name);
    const memory = guests.reduce((sum, guest) => sum + guest.memory, 0);
    if (guests.length > room.guests || memory > room.memory) {
      yield {
        code: 'TOPOLOGY_CAPACITY',
        path: ['hosts', name, 'capacity'],
        sentence:
          `hosts.${name}.capacity is ${room.guests} guests and ${room.memory} MiB, ` +
          `but ${guests.length} guests with ${memory} MiB start there`,
      };
    }
  }
}

function* management(topology: Topology): Generator<Problem> {
  if (!topology.lab) return;
  const { management: text, wan } = topology.lab;
  const room = (path: string[], prefix: Prefix, needed: number): Problem | undefined => {
    const size = 1n << BigInt(bitsOf(prefix.version) - prefix.length);
    if (BigInt(needed) <= size) return undefined;
    const sentence = `${path.join('.')} is ${formatPrefix(prefix)}: expected a subnet of at least ${needed} addresses`;
    return { code: 'TOPOLOGY_CAPACITY', path, sentence };
  };
  const sites = Object.keys(topology.sites).length;
  const switches = Object.keys(topology.hosts).length + Object.keys(topology.edges).length;
  const nodes = switches + (topology.dns === undefined ? 0 : 1);
  const problems = [
    room(['lab', 'management'], parsePrefix(text)!, nodes + 12),
    room(['lab', 'wan', 'prefix'], parsePrefix(wan.prefix)!, sites * (sites - 1)),
    room(['lab', 'wan', 'prefix6'], parsePrefix(wan.prefix6)!, sites * (sites - 1)),
  ];
  for (const problem of problems) if (problem) yield problem;
  const versions = { prefix: 4, prefix6: 6 } as const;
  for (const field of ['prefix', 'prefix6'] as const) {
    if (parsePrefix(wan[field])!.version !== versions[field]) {
      yield {
        code: 'TOPOLOGY_FIELD',
        path: ['lab', 'wan', field],
        sentence: `lab.wan.${field} is ${wan[field]}: expected an IPv${versions[field]} subnet`,
      };
    }
  }
}

function* outside(
  path: readonly PropertyKey[],
  text: string,
  prefixes: readonly Prefix[],
  site?: string,
): Generator<Problem> {
  const address = parseAddress(text)!;
  const inside = prefixes.find((prefix) => contains(prefix, address));
  const whose = site === undefined ? '' : ` (site ${site})`;
  if (!inside) {
    yield {
      code: 'TOPOLOGY_OUTSIDE',
      path,
      sentence: `${pathText(path)} is ${text}: expected an address in ${prefixes.map(formatPrefix).join(' or ')}${whose}`,
    };
  } else if (isReserved(inside, address)) {
    const example = formatAddress(addressAt(inside, 1));
    yield {
      code: 'TOPOLOGY_OUTSIDE',
      path,
      sentence: `${pathText(path)} is ${text}, which no machine in ${formatPrefix(inside)} can have: expected one such as ${example}`,
    };
  }
}

const duplicate = (path: readonly PropertyKey[], sentence: string): Problem => ({
  code: 'TOPOLOGY_DUPLICATE',
  path,
  sentence,
});

function unknown(
  path: readonly PropertyKey[],
  kind: string,
  name: string,
  known: readonly string[],
): Problem {
  const list = known.length === 0 ? 'there is none' : `expected one of ${known.join(', ')}`;
  return {
    code: 'TOPOLOGY_REFERENCE',
    path,
    sentence: `${pathText(path)} is ${name}, and there is no such ${kind}: ${list}`,
  };
}

function* experiments({ experiment, guests, hosts, lab, dns }: Topology): Generator<Problem> {
  if (experiment === undefined) return;
  const clients = lab?.clients ?? {};
  for (const [name, { client, to, family, at, from }] of Object.entries(experiment.connections)) {
    const path = ['experiment', 'connections', name];
    if (at === 'name' && (dns === undefined || from === 'guest')) {
      yield {
        code: 'TOPOLOGY_REFERENCE',
        path: [...path, 'at'],
        sentence:
          dns === undefined
            ? `${pathText(path)}.at is name, and the file has no \`dns\`: say there which server and zone`
            : `${pathText(path)}.at is name: expected home or care-of, since it is the guest that opens it`,
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
  yield* attacks(experiment, guests, lab?.attackers ?? {});
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

/** The tools that flood speak IPv4. */
function* attacks(
  experiment: NonNullable<Topology['experiment']>,
  guests: Topology['guests'],
  attackers: NonNullable<Topology['lab']>['attackers'],
): Generator<Problem> {
  const speaksV4 = (addresses: readonly string[]): boolean =>
    addresses.some((text) => parseAddress(text)!.version === 4);
  for (const [name, { from, to }] of Object.entries(experiment.attacks)) {
    const path = ['experiment', 'attacks', name];
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

const unreachable = (path: readonly PropertyKey[], sentence: string): Problem => ({
  code: 'TOPOLOGY_REFERENCE',
  path,
  sentence,
});
