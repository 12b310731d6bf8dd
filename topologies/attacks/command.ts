/**
 * The commands that make an attack: hping3 for floods, a bot of our own where connections are really opened. Pure.
 *
 * Every command ends by itself: hping3 after as many packets as rate and duration make, the bot when its time is over;
 * and `timeout` kills either when its time is over, which hping3, whose packets are always a little late, mostly needs.
 * They run in an attacker's network namespace, whose only way out is the lab.
 */
import { join } from 'node:path';
import { attack as limits } from '../../controller/limits.ts';
import { type AttackKind, opensConnections } from '../../controller/network/attack-kind.ts';
import { parseAddress } from '../../controller/network/address.ts';
import { packageRoot } from '../lab/package-root.ts';
import type { AttackSection, LabSection } from '../schema.ts';

export interface AttackCommand {
  readonly attacker: string;
  readonly argv: readonly string[];
}

const DEVICE = 'eth0';
/** HTTP's, and `discard`, which nobody answers at a guest. */
const TCP_PORT = 80;
const UDP_PORT = 9;

/** Options of hping3(8) by kind. */
const floods: Partial<Record<AttackKind, (port: number | undefined) => string[]>> = {
  'syn-flood': (port) => ['--syn', '--destport', String(port ?? TCP_PORT)],
  'ack-flood': (port) => ['--ack', '--destport', String(port ?? TCP_PORT)],
  'udp-flood': (port) => ['--udp', '--destport', String(port ?? UDP_PORT)],
  'icmp-flood': () => ['--icmp'],
};

/** From each attacker's every IPv4 address, an even share of the rate; spoofed ones are one command an attacker. */
export function attackCommands(
  section: AttackSection,
  target: string,
  attackers: LabSection['attackers'],
): AttackCommand[] {
  const { from, sources } = section;
  const senders = from.flatMap((attacker) => {
    const own = attackers[attacker]!.addresses.filter((text) => parseAddress(text)?.version === 4);
    return (sources === 'spoofed' ? [undefined] : own).map((source) => ({ attacker, source }));
  });
  const isFlood = !opensConnections(section.kind);
  // A bot takes an attacker's addresses in turn, so there is one for each attacker.
  const taken = isFlood ? senders : from.map((attacker) => ({ attacker, source: undefined }));
  // One that would send less than a packet a second is left out.
  const most = Math.max(1, Math.min(taken.length, section.rate));
  return taken.slice(0, most).map(({ attacker, source }) => {
    const rate = section.rate / most;
    const argv = isFlood
      ? hping(section, target, rate, source)
      : bot(
          section,
          target,
          rate,
          senders.flatMap((one) => (one.attacker === attacker ? (one.source ?? []) : [])),
          most,
        );
    return { attacker, argv: bounded(argv, section.duration + (isFlood ? 0 : limits.grace)) };
  });
}

function hping(
  { kind, duration, size, port }: AttackSection,
  target: string,
  rate: number,
  source: string | undefined,
): string[] {
  return [
    ...['hping3', '--quiet', '--interface', DEVICE, ...floods[kind]!(port)],
    ...['--interval', `u${Math.max(1, Math.round(1e6 / rate))}`],
    ...['--count', String(Math.max(1, Math.round((rate * duration) / 1000)))],
    ...(size === 0 ? [] : ['--data', String(size)]),
    ...(source === undefined ? ['--rand-source'] : ['--spoof', source]),
    target,
  ];
}

function bot(
  { kind, duration, connections, port }: AttackSection,
  target: string,
  rate: number,
  sources: readonly string[],
  bots: number,
): string[] {
  return [
    process.execPath,
    join(packageRoot, 'dist', 'topologies', 'attacks', 'bot.js'),
    ...['--target', target, '--port', String(port ?? TCP_PORT), '--sources', sources.join(',')],
    ...['--rate', String(rate), '--duration-ms', String(duration)],
    ...(kind === 'slow-connections' ? ['--hold', String(Math.ceil((connections ?? 1) / bots))] : []),
  ];
}

const bounded = (argv: readonly string[], ms: number): string[] => [
  ...['timeout', '--signal', 'KILL', String(ms / 1000)],
  ...argv,
];
