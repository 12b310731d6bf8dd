/**
 * What makes an attack of each kind: a rate, a limit for it, and what must hold beside it. Pure.
 *
 * A crowd of honest clients is none, however large: its handshakes are completed, and no client of it begins more
 * connections than clients do. What cannot be told from a crowd is taken for one: bots that each behave like a client,
 * and a flood of UDP that consists of one packet each where that is how the guest is spoken to (as DNS is; `factor`
 * times the usual is then what tells).
 */
import type { DefencePolicy } from '../../controller/network/defence-policy.ts';
import { defence as limits } from '../../controller/limits.ts';
import { type Attackers, attackersOf, noAttackers, type Share } from './attackers.ts';
import { type Baseline, isWarm } from './baseline.ts';
import type { Measurement } from './measurement.ts';
import type { Rates } from './rates.ts';
import type { SampleSummary } from './sample-window.ts';
import { sourceText } from './source.ts';
import type { RelayedClass, TrafficClass } from './traffic-class.ts';
import type { AttackKind, Verdict } from './verdict.ts';

/** What is looked at to judge one kind. */
export interface Look {
  readonly measurement: Measurement;
  readonly rates: Rates;
  readonly policy: DefencePolicy;
  /** What is looked at began then: samples from before it are of something else. */
  readonly from: number;
}

export interface AttackRule {
  readonly unit: Verdict['unit'];
  /** The rate, or number, that is held against the threshold. */
  readonly rate: (look: Look) => number;
  readonly threshold: (look: Look, baseline: Baseline) => number;
  /** Above the threshold: is it an attack? Says why, or is undefined. */
  readonly evidence: (look: Look, rate: number, threshold: number) => string | undefined;
  /** `named`: by the verdict so far. */
  readonly attackers: (look: Look, named?: ReadonlySet<string>) => Attackers;
}

const UDP_CLASSES = ['newUdp', 'knownUdp', 'relayedUdp'] as const;

export const attackRules: Readonly<Record<AttackKind, AttackRule>> = {
  'syn-flood': {
    unit: 'packets/s',
    rate: (look) => look.rates.unfinished + unrelayed(look, 'relayedSyn'),
    threshold: ({ policy }, usual) => above(policy.floor.syn, policy.factor, usual),
    evidence: (look, rate) => {
      const begun = look.rates.begun + unrelayed(look, 'relayedSyn');
      return rate < begun * limits.unfinishedShare
        ? undefined
        : `${figure(rate)} handshakes a second are begun and not completed, ${percent(rate / begun)} of all`;
    },
    // Whoever completes what it begins is none of them, however much it begins.
    attackers: ({ measurement, rates, policy, from }, named) =>
      attackersOf(
        [
          share(rates, 'syn', measurement.samplesOf('syn', from)),
          share(rates, 'relayedSyn', measurement.samplesOf('relayedSyn', from)),
          { ...share(rates, 'completed', measurement.samplesOf('completed', from)), credit: true },
        ],
        { limit: policy.perSource.connections, networks: true, ...(named === undefined ? {} : { named }) },
        measurement.proven,
      ),
  },
  'ack-flood': {
    unit: 'packets/s',
    rate: (look) => look.rates.of('strayTcp', 'invalidTcp') + unrelayed(look, 'relayedTcp'),
    threshold: ({ policy }, usual) => above(policy.floor.ack, policy.factor, usual),
    // After a restart of OVS everybody's packets are of no connection.
    evidence: ({ measurement }, rate) =>
      measurement.forgetful ? undefined : `${figure(rate)} TCP packets a second belong to no connection`,
    attackers: (look, named) =>
      attackersIn(
        look,
        ['strayTcp', 'invalidTcp', 'relayedTcp'],
        look.policy.perSource.connections,
        true,
        named,
      ),
  },
  'udp-flood': {
    unit: 'packets/s',
    rate: (look) => look.rates.of('newUdp', 'knownUdp') + unrelayed(look, 'relayedUdp'),
    // What a guest is sent by UDP differs so much that before anything is usual, only a multiple counts.
    threshold: ({ policy }, usual) =>
      Math.max(
        above(policy.floor.udp, policy.factor, usual),
        isWarm(usual) ? 0 : policy.floor.udp * policy.factor,
      ),
    evidence: (look, rate, threshold) => {
      const unanswered = (look.rates.of('newUdp') + unrelayed(look, 'relayedUdp')) / rate;
      const said = `${figure(rate)} UDP packets a second`;
      if (unanswered >= limits.unansweredShare) return `${said}, ${percent(unanswered)} of them unanswered`;
      if (rate >= threshold * limits.excess) return `${said}, many times what is usual`;
      const { covered, sources } = attackersIn(look, UDP_CLASSES, look.policy.perSource.udp, false);
      return covered >= limits.coveredShare
        ? `${said}, ${percent(covered)} of them from ${counted(sources.length, 'source')} beyond what a client sends`
        : undefined;
    },
    attackers: (look, named) => attackersIn(look, UDP_CLASSES, look.policy.perSource.udp, true, named),
  },
  'icmp-flood': {
    unit: 'packets/s',
    rate: (look) => look.rates.of('newIcmp', 'knownIcmp') + unrelayed(look, 'relayedIcmp'),
    threshold: ({ policy }, usual) => above(policy.floor.icmp, policy.factor, usual),
    evidence: (_look, rate) => `${figure(rate)} ICMP packets a second`,
    attackers: (look, named) =>
      attackersIn(look, ['newIcmp', 'knownIcmp', 'relayedIcmp'], look.policy.perSource.icmp, true, named),
  },
  'connection-flood': {
    unit: 'connections/s',
    rate: ({ rates }) => rates.of('completed'),
    threshold: ({ policy }, usual) => above(policy.floor.connections, policy.factor, usual),
    evidence: (look, rate) => {
      const { covered, sources } = attackRules['connection-flood'].attackers(look);
      return covered >= limits.coveredShare
        ? `${figure(rate)} connections a second, ${percent(covered)} of them from ${counted(sources.length, 'source')} beyond what a client opens`
        : undefined;
    },
    attackers: (look, named) =>
      attackersIn(look, ['completed'], look.policy.perSource.connections, false, named),
  },
  'slow-connections': {
    unit: 'connections',
    rate: (look) => slowHolders(look).reduce((sum, { old }) => sum + old, 0),
    threshold: ({ policy }) => policy.perSource.open,
    evidence: (look, rate) => {
      const holders = slowHolders(look).length;
      return `${figure(rate)} connections are held open and hardly used, by ${counted(holders, 'source')}`;
    },
    attackers: (look) => {
      const holders = slowHolders(look);
      if (holders.length === 0) return noAttackers;
      return {
        origin: 'real',
        sources: holders
          .map(({ source, old }) => ({ prefix: sourceText(source), rate: old, confidence: 1, proven: true }))
          .sort((a, b) => b.rate - a.rate)
          .slice(0, limits.sourcesPerVerdict),
        distinctSources: holders.length,
        covered: 1,
      };
    },
  },
};

const above = (floor: number, factor: number, usual: Baseline): number =>
  isWarm(usual) ? Math.max(floor, factor * usual.value) : floor;

/**
 * What begins at relay addresses beyond what bridges let in: since that passes their meters, nobody has relayed the rest. After a
 * move all that is relayed begins there, and tells nothing.
 */
const unrelayed = ({ measurement, rates, policy }: Look, name: RelayedClass): number =>
  measurement.resuming ? 0 : rates.beyond(policy.admission.perSecond, name);

/**
 * Samples with the rate of their own time. Counters are later than samples, so where every packet is sampled the samples
 * tell more.
 */
function share(rates: Rates, name: TrafficClass, summary: SampleSummary): Share {
  if (summary.samples === 0) return { rate: rates.of(name), summary };
  return { rate: Math.max(rates.over(summary.ms, name), (summary.samples * 1000) / summary.ms), summary };
}

function attackersIn(
  { measurement, rates, from }: Look,
  classes: readonly TrafficClass[],
  limit: number,
  networks: boolean,
  named?: ReadonlySet<string>,
): Attackers {
  const shares = classes.map((name) => share(rates, name, measurement.samplesOf(name, from)));
  return attackersOf(
    shares,
    { limit, networks, ...(named === undefined ? {} : { named }) },
    measurement.proven,
  );
}

/** Sources with more connections of some age than a client holds, and next to no packets on them. */
function slowHolders({ measurement, rates, policy, from }: Look) {
  const holders = measurement.holders(policy.perSource.open);
  if (holders.size === 0) return [];
  const summary = measurement.samplesOf('knownTcp', from - limits.sampleMemory);
  const { samples, sources } = summary;
  const perSample = samples === 0 ? 0 : rates.over(summary.ms, 'knownTcp') / samples;
  return [...holders]
    .filter(
      ([source, { count, old }]) =>
        old >= policy.perSource.open && ((sources.get(source) ?? 0) * perSample) / count < limits.slowPackets,
    )
    .map(([source, { old }]) => ({ source, old }));
}

const figure = (value: number): string => Math.round(value).toLocaleString('en-US');
const percent = (share: number): string => `${Math.round(Math.min(share, 1) * 100)} %`;
const counted = (count: number, noun: string): string => `${figure(count)} ${noun}${count === 1 ? '' : 's'}`;
