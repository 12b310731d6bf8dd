/**
 * The shape of a topology file. Everything but `lab` and `experiment` describes the network to the controller;
 * `lab` says what a lab adds to it: the WAN, delays, clients and the addresses of its management network;
 * `experiment` says what happens in it, step by step.
 *
 * Zod checks one value at a time; what concerns two of them (references, overlaps) is in check.ts.
 */
import { z } from 'zod';
import {
  admission,
  attack as attackLimits,
  drain as drainLimits,
  migration as migrationLimits,
} from '../controller/limits.ts';
import { DEFENCE_MODES, defaultDefence } from '../controller/network/defence-policy.ts';
import { TSIG_ALGORITHMS } from '../controller/network/description.ts';
import { STRATEGIES } from '../controller/network/migration.ts';
import { ADMITS } from '../controller/network/anchor.ts';
import { RELAY_MODES } from '../controller/network/relay.ts';
import { ATTACK_KINDS, opensConnections } from '../controller/network/attack-kind.ts';
import { parseAddress, parsePrefix } from '../controller/network/address.ts';
import { ECHO_LENGTH, ECHO_LENGTH_MOST } from './probes/echo-message.ts';

/** Short enough that an interface may be named after two of them (IFNAMSIZ is 16). */
export const name = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9-]{0,9}$/,
    'expected a name of at most 10 letters, digits and hyphens that starts with a letter',
  );

const address = z
  .string()
  .refine((text) => parseAddress(text) !== undefined, 'expected an IPv4 or IPv6 address such as 10.1.0.1');

const prefix = z
  .string()
  .refine(
    (text) => parsePrefix(text) !== undefined,
    'expected a subnet with no host bits set, such as 10.1.0.0/24',
  );

const range = z
  .string()
  .regex(/^\S+\s*-\s*\S+$/, 'expected a range of addresses such as 10.1.0.200 - 10.1.0.249')
  .transform((text) => {
    const [first = '', last = ''] = text.split('-').map((part) => part.trim());
    return { first, last };
  })
  .refine(({ first, last }) => {
    const [a, b] = [parseAddress(first), parseAddress(last)];
    return a !== undefined && b !== undefined && a.version === b.version && a.value <= b.value;
  }, 'expected a range of addresses, the lower one first, such as 10.1.0.200 - 10.1.0.249');

const port = z.number().int().min(1).max(65535);

const unitsOfTime = { us: 1, ms: 1_000, s: 1_000_000 } as const;

/** Microseconds. */
const duration = z
  .string('expected a time such as 20ms')
  .regex(/^\d+(\.\d+)?(us|ms|s)$/, 'expected a time such as 20ms')
  .transform((text) => {
    const [, digits = '', unit = 'us'] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? [];
    return Math.round(Number(digits) * unitsOfTime[unit as keyof typeof unitsOfTime]);
  })
  .refine((us) => us <= 10_000_000, 'expected a time of at most 10s');

/** Milliseconds. */
const attackDuration = z
  .string('expected a time such as 8s')
  .regex(/^\d+(\.\d+)?(ms|s)$/, 'expected a time such as 8s')
  .transform((text) => Math.round(parseFloat(text) * (text.endsWith('ms') ? 1 : 1_000)))
  .refine(
    (ms) => ms >= 1 && ms <= attackLimits.durationMost,
    `expected a time of at most ${attackLimits.durationMost / 1_000}s`,
  );

const unitsOfPatience = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds. */
const patience = z
  .string('expected a time such as 90m')
  .regex(/^\d+(s|m|h|d)$/, 'expected a time such as 90m, in s, m, h or d')
  .transform((text) => Number(text.slice(0, -1)) * unitsOfPatience[text.slice(-1) as 's' | 'm' | 'h' | 'd'])
  .refine(
    (ms) => ms >= drainLimits.idleLeast && ms <= drainLimits.idleMost,
    `expected a time from ${drainLimits.idleLeast / 1_000}s to ${drainLimits.idleMost / 86_400_000}d`,
  );

/** When what is left of a move goes; defaults are in controller/limits.ts. */
const drain = z.strictObject({
  /** An anchor that has relayed nothing for this long has drained. */
  idle: patience.optional(),
  /** How long a care-of address that was given back is kept from other guests. */
  quarantine: patience.optional(),
});

const aMeterRate = z
  .number('expected a whole number a second')
  .int('expected a whole number a second')
  .min(1, 'expected a whole number a second, 1 at least')
  .max(admission.most, `expected at most ${admission.most} a second`);

const aRate = z.number('expected a rate per second').positive('expected a rate per second above 0');

/** The defence of a guest: what is left out is as in controller/network/defence-policy.ts. Rates are per second. */
const defence = z.strictObject({
  policy: z.enum(DEFENCE_MODES, `expected one of ${DEFENCE_MODES.join(', ')}`).default(defaultDefence.policy),
  /** Rates that are no attack, whatever is usual for the guest. */
  floor: z
    .strictObject({
      syn: aRate.default(defaultDefence.floor.syn),
      ack: aRate.default(defaultDefence.floor.ack),
      udp: aRate.default(defaultDefence.floor.udp),
      icmp: aRate.default(defaultDefence.floor.icmp),
      connections: aRate.default(defaultDefence.floor.connections),
    })
    .prefault({}),
  /** How many times what is usual an attack is. */
  factor: z.number().min(1).default(defaultDefence.factor),
  /** What one client may do; `open` is how many connections it may hold. */
  perSource: z
    .strictObject({
      connections: aRate.default(defaultDefence.perSource.connections),
      udp: aRate.default(defaultDefence.perSource.udp),
      icmp: aRate.default(defaultDefence.perSource.icmp),
      open: z.number().int().min(1).default(defaultDefence.perSource.open),
    })
    .prefault({}),
  /** New connections from outside that each bridge lets it have in a second; and in a flood of forged sources. */
  admission: z
    .strictObject({
      perSecond: aMeterRate.default(defaultDefence.admission.perSecond),
      inFlood: aMeterRate.default(defaultDefence.admission.inFlood),
    })
    .prefault({}),
  /** How long it must be calm until an attack is over. */
  coolDown: patience.default(defaultDefence.coolDown),
});

/** A fully qualified domain name, in lower case and without the dot of the root. */
const domainName = z
  .string('expected a domain name such as web.example.test')
  .regex(
    /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i,
    'expected a domain name such as web.example.test',
  )
  .transform((text) => text.toLowerCase());

const nameServer = z
  .string('expected the address of a name server')
  .transform((text) => {
    const [, bracketed, plain, number] = /^(?:\[([^\]]+)\]|([^:\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
    return { address: bracketed ?? plain ?? text, port: number === undefined ? 53 : Number(number) };
  })
  .refine(
    (it) => parseAddress(it.address) !== undefined && port.safeParse(it.port).success,
    'expected an address such as 203.0.113.53 or 2001:db8::53, or one with a port: 203.0.113.53:5353, [2001:db8::53]:5353',
  );

/** Seconds. */
const timeToLive = z
  .string('expected a time such as 1s')
  .regex(/^\d{1,6}(s|m|h)$/, 'expected a time such as 1s, in s, m or h')
  .transform(
    (text) => (Number(text.slice(0, -1)) * unitsOfPatience[text.slice(-1) as 's' | 'm' | 'h']) / 1_000,
  )
  .refine((seconds) => seconds <= 86_400, 'expected a time of at most 24h');

const tsigKey = z
  .strictObject({
    name: domainName.default('arctictern'),
    algorithm: z
      .enum(TSIG_ALGORITHMS, `expected one of ${TSIG_ALGORITHMS.join(', ')}`)
      .default(TSIG_ALGORITHMS[0]),
    secret: z.base64('expected the secret in base64, as tsig-keygen gives it').min(1).optional(),
    /** A file with the secret in base64, or as tsig-keygen writes it. */
    secretFile: z.string().min(1).optional(),
  })
  .refine((it) => (it.secret === undefined) !== (it.secretFile === undefined), {
    error: 'expected either `secret` or `secretFile`',
  });

/** Where new clients learn the guests' addresses: names in a zone of a server that takes updates (RFC 2136). */
const dns = z.strictObject({
  /** Its address, with a port if that is not 53. In a lab: the address that its name server gets in a site. */
  server: nameServer,
  zone: domainName,
  /** Signs the updates (TSIG, RFC 8945). A lab without one makes its own. */
  key: tsigKey.optional(),
  /** How long a resolver may keep an address: how late a client may learn that a guest has moved. */
  ttl: timeToLive.prefault('1s'),
});

const unitsOfRate = { kbit: 1e3, mbit: 1e6, gbit: 1e9 } as const;

/** Bits per second. */
const rate = z
  .string('expected a rate such as 100mbit')
  .regex(/^\d+(\.\d+)?(kbit|mbit|gbit)$/, 'expected a rate such as 100mbit')
  .transform((text) => {
    const [, digits = '', unit = 'mbit'] = /^([\d.]+)(kbit|mbit|gbit)$/.exec(text) ?? [];
    return Math.round(Number(digits) * unitsOfRate[unit as keyof typeof unitsOfRate]);
  })
  .refine((bits) => bits >= 8_000, 'expected a rate of at least 8kbit');

const mac = z
  .string()
  .regex(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/, 'expected a unicast MAC address such as 52:54:00:12:34:56');

const uuid = z.uuid('expected a UUID').transform((text) => text.toLowerCase());

const subnet = z.strictObject({ prefix, gateway: address, careOf: range.optional() });

const site = z.strictObject({ subnets: z.array(subnet).min(1, 'expected at least one subnet') });

const remote = z
  .string()
  .regex(
    /^((tcp|ssl):(\[[0-9a-f:]+\]|[0-9.]+):\d+|unix:\/.+)$/,
    'expected an OVSDB remote such as tcp:198.18.0.11:6640',
  );

const uri = z
  .string()
  .regex(/^qemu(\+[a-z]+)?:\/\/\S*$/, 'expected a libvirt URI such as qemu+tcp://198.18.0.11/system');

const ofSwitch = {
  site: name,
  underlay: address,
  ovsdb: remote.optional(),
  bridge: z.string().min(1).max(15).default('br-int'),
  uplink: z.string().min(1).max(15).default('int-uplink'),
};

const host = z.strictObject({
  ...ofSwitch,
  libvirt: uri.optional(),
  migration: uri.optional(),
  capacity: z.strictObject({ memory: z.number().int().min(1), guests: z.number().int().min(1) }),
});

const edge = z.strictObject({
  ...ofSwitch,
  // False where a NAT is between it and the guests that breaks what it sees begin in its middle.
  redirect: z.boolean().default(true),
});

const service = z
  .string()
  .regex(/^(tcp|udp|sctp)\/\d{1,5}$/, 'expected a service such as tcp/80')
  .transform((text) => {
    const [protocol = '', number = ''] = text.split('/');
    return { protocol: protocol as 'tcp' | 'udp' | 'sctp', port: Number(number) };
  })
  .refine((it) => port.safeParse(it.port).success, 'expected a port from 1 to 65535');

const homeAddresses = z.array(address).min(1, 'expected at least one home address');

const guestInterface = z.strictObject({
  addresses: homeAddresses,
  mac: mac.optional(),
  interfaceId: uuid.optional(),
});

const unitsOfSize = { MiB: 1, GiB: 1024 } as const;

/** MiB. */
const size = z
  .string('expected a size such as 64MiB')
  .regex(/^[1-9]\d{0,5}(MiB|GiB)$/, 'expected a size such as 64MiB')
  .transform((text) => {
    const [, digits = '', unit = 'MiB'] = /^(\d+)(\w+)$/.exec(text) ?? [];
    return Number(digits) * unitsOfSize[unit as keyof typeof unitsOfSize];
  });

/**
 * With one interface its addresses stand beside the guest's other fields; `interfaces` lists several. Both come out
 * as `interfaces`, each with the place in the guest that it was read from, and `addresses` as all of them.
 */
const guest = z
  .strictObject({
    host: name,
    addresses: homeAddresses.optional(),
    interfaces: z
      .array(guestInterface)
      .min(1, 'expected at least one interface')
      .max(8, 'expected at most 8 interfaces')
      .optional(),
    memory: z.number().int().min(64).default(128),
    services: z.array(service).default([]),
    /** What is done for it when it is attacked. */
    defence: defence.optional(),
    /** Its name in DNS; by default its own name within the zone. */
    dnsName: domainName.optional(),
    /** A local disk, in a lab. */
    disk: size.optional(),
    /**
     * In a lab: datagrams to this UDP port are sent back by the guest's driver, thousands a second; connections to the
     * TCP port of the same number are answered by a process that only copies.
     */
    reflect: port.optional(),
    /** In a lab: what its server can do, so that it can be exhausted as servers are. */
    server: z
      .strictObject({
        /** That it serves at a time; more wait until one has ended. */
        connections: z.number().int().min(1).max(10_000).optional(),
        /** HTTP requests that it begins to answer in a second; more wait for their turn. */
        requests: z.number().int().min(1).max(10_000).optional(),
      })
      .optional(),
    mac: mac.optional(),
    uuid: uuid.optional(),
    interfaceId: uuid.optional(),
  })
  .superRefine((it, context) => {
    const problem = (field: 'addresses' | 'interfaces' | 'mac' | 'interfaceId', message: string): void => {
      context.addIssue({ code: 'custom', path: [field], message });
    };
    if (it.interfaces === undefined) {
      if (it.addresses === undefined) problem('addresses', 'expected its home addresses, or `interfaces`');
      return;
    }
    const beside = (['addresses', 'mac', 'interfaceId'] as const).find((field) => it[field] !== undefined);
    if (beside !== undefined) problem(beside, 'expected it in `interfaces`, since the guest has that');
  })
  .transform(({ addresses, interfaces, mac: onlyMac, interfaceId, ...rest }) => {
    const nics =
      interfaces === undefined
        ? [{ addresses: addresses ?? [], mac: onlyMac, interfaceId, path: [] }]
        : interfaces.map((it, i) => ({ ...it, path: ['interfaces', i] }));
    return { ...rest, interfaces: nics, addresses: nics.flatMap((it) => it.addresses) };
  });

const shape = z.strictObject({
  rtt: duration.optional(),
  rate: rate.optional(),
  /** How long frames of full size may wait for the link; those that would wait longer are dropped. */
  queue: duration.optional(),
});

/** A client, or an attacker. */
const station = z.strictObject({
  site: name,
  addresses: z.array(address).min(1, 'expected at least one address'),
});

const pair = z.strictObject({
  between: z.tuple([name, name], 'expected the names of two sites'),
  ...shape.shape,
});

/** A site whose router is a station of another site, and translates what leaves to an address there. */
const nat = z.strictObject({ behind: name, address });

const lab = z.strictObject({
  management: prefix.default('198.18.0.0/24'),
  /** Which network copies of guests' memory take: the sites' own, or the management network. */
  copies: z.enum(['underlay', 'management'], 'expected underlay or management').default('underlay'),
  wan: z
    .strictObject({
      ...shape.shape,
      prefix: prefix.default('100.64.0.0/16'),
      prefix6: prefix.default('fdac:7c::/64'),
      pairs: z.array(pair).default([]),
    })
    .prefault({}),
  links: z.record(name, shape).default({}),
  /** Of TCP at clients and attackers, so that it is the same on every machine: each Linux has `reno` (RFC 5681). */
  congestionControl: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,14}$/, 'expected a name such as reno, cubic or bbr')
    .default('reno'),
  clients: z.record(name, station).default({}),
  /** Machines that attack, as an experiment says. */
  attackers: z.record(name, station).default({}),
  nat: z.record(name, nat).default({}),
});

/** Which of a guest's addresses something goes to; `name` is what DNS says. */
export const DESTINATIONS = ['home', 'care-of', 'name'] as const;
export type Destination = (typeof DESTINATIONS)[number];

const connection = z
  .strictObject({
    kind: z.enum(['tcp-echo', 'http-download', 'http-requests', 'ping', 'udp-echo']),
    /** Who opens it: the client, unless it is said that the guest does. */
    from: z.enum(['client', 'guest']).optional(),
    client: name,
    /** The guest. */
    to: name,
    /** Which of the guest's addresses, at the moment when it is opened: `name` is what DNS says then. */
    at: z.enum(DESTINATIONS).default('home'),
    /** Over which version of IP; without it, the first that the guest has. */
    family: z.literal([4, 6], 'expected 4 or 6').optional(),
    /** The guest's, if not the usual one of the kind. */
    port: port.optional(),
    /** Between two messages. */
    interval: duration.optional(),
    /** Bytes of a message; without it, 16. */
    size: z
      .number('expected a number of bytes')
      .int('expected a whole number of bytes')
      .min(ECHO_LENGTH, `expected at least ${ECHO_LENGTH} bytes`)
      .max(ECHO_LENGTH_MOST, `expected at most ${ECHO_LENGTH_MOST} bytes`)
      .optional(),
    /** Of a download. */
    rate: rate.optional(),
  })
  .refine((it) => it.from !== 'guest' || !it.kind.startsWith('http'), {
    path: ['kind'],
    error: 'expected tcp-echo, udp-echo or ping, which a guest can open',
  })
  .refine((it) => it.size === undefined || (it.kind === 'tcp-echo' && it.from !== 'guest'), {
    path: ['size'],
    error: 'expected none but for a tcp-echo that a client opens',
  });

const attack = z
  .strictObject({
    kind: z.enum(ATTACK_KINDS, `expected one of ${ATTACK_KINDS.join(', ')}`),
    from: z.array(name).min(1, 'expected the names of attackers'),
    /** The guest. */
    to: name,
    /** Which of its addresses, when the attack begins; bots may look the `name` up for each connection. */
    at: z.enum(DESTINATIONS).default('home'),
    /** The attackers' own addresses, or another one for each packet. */
    sources: z.enum(['real', 'spoofed']).default('real'),
    /** Packets, or new connections, in a second, of all attackers together. */
    rate: z
      .number('expected a rate per second')
      .int('expected a whole rate per second')
      .min(1)
      .max(attackLimits.rateMost, `expected at most ${attackLimits.rateMost} a second`),
    duration: attackDuration,
    /** Bytes of payload in each packet of a flood. */
    size: z.number().int().min(0).max(1_400).default(0),
    /** Of slow connections: how many are held open. */
    connections: z.number().int().min(1).max(attackLimits.connectionsMost).optional(),
    /** The guest's, if not the usual one of the kind. */
    port: port.optional(),
  })
  .superRefine(({ kind, at, sources, size, connections }, context) => {
    const problem = (field: 'at' | 'sources' | 'size' | 'connections', message: string): void => {
      context.addIssue({ code: 'custom', path: [field], message });
    };
    const byConnections = opensConnections(kind);
    if (!byConnections && at === 'name')
      problem('at', `expected home or care-of: a ${kind} goes to an address`);
    if (byConnections && sources === 'spoofed') {
      problem('sources', 'expected real: a connection cannot be completed from an address of somebody else');
    }
    if (byConnections && size > 0) problem('size', `expected none: a ${kind} consists of connections`);
    if ((kind === 'slow-connections') !== (connections !== undefined)) {
      const what = kind === 'slow-connections' ? 'how many are held open' : 'it with slow-connections alone';
      problem('connections', `expected ${what}`);
    }
  });

const step = z
  .strictObject({
    /** Begins attacks, which end by themselves. */
    attack: z.array(name).min(1, 'expected the names of attacks').optional(),
    open: z.array(name).min(1, 'expected the names of connections').optional(),
    close: z.array(name).min(1, 'expected the names of connections').optional(),
    wait: duration.optional(),
    migrate: z
      .strictObject({
        guest: name,
        to: name,
        strategy: z.enum(STRATEGIES).optional(),
        relay: z.enum(RELAY_MODES).optional(),
        /** Which connections from outside the anchor that is left behind admits. */
        admit: z.enum(ADMITS).optional(),
        /** The most that the copy may take, in MiB/s. */
        bandwidth: z.number().int().min(1).optional(),
        maxBlackoutMs: z
          .number()
          .int()
          .min(migrationLimits.maxBlackoutMsLeast)
          .max(migrationLimits.maxBlackoutMsMost)
          .optional(),
        autoConverge: z.boolean().optional(),
        postCopy: z.boolean().optional(),
        copyStorage: z.enum(['all', 'inc']).optional(),
      })
      .optional(),
  })
  .refine((it) => Object.keys(it).length === 1, 'expected one of open, close, wait, migrate and attack');

const experiment = z.strictObject({
  connections: z.record(name, connection).default({}),
  attacks: z.record(name, attack).default({}),
  steps: z.array(step).min(1, 'expected at least one step'),
});

export const topologySchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}$/, 'expected a name of at most 31 lower-case letters, digits and hyphens'),
  sites: z.record(name, site),
  hosts: z.record(name, host).default({}),
  edges: z.record(name, edge).default({}),
  guests: z.record(name, guest).default({}),
  drain: drain.optional(),
  dns: dns.optional(),
  lab: lab.optional(),
  experiment: experiment.optional(),
});

/** A topology file as it was understood: times in microseconds, rates in bits per second, defaults filled in. */
export type Topology = z.infer<typeof topologySchema>;
export type DnsSection = z.infer<typeof dns>;
export type LabSection = z.infer<typeof lab>;
export type ExperimentSection = z.infer<typeof experiment>;
export type ConnectionSection = z.infer<typeof connection>;
export type AttackSection = z.infer<typeof attack>;
export type LinkShapeSection = z.infer<typeof shape>;
