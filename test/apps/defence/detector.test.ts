/**
 * Scenarios as measured series, and the verdicts that they lead to. A scenario says, for each moment, how many packets
 * of each class arrive in a second and who sends them; it is played in steps of a reading, without a clock.
 */
import { describe, expect, test } from 'vitest';
import { detect, type DetectorState, dismissed, initialState } from '../../../apps/defence/detector.ts';
import { type Measurement, noTotals } from '../../../apps/defence/measurement.ts';
import { SampleWindow } from '../../../apps/defence/sample-window.ts';
import type { SourceKey } from '../../../apps/defence/source.ts';
import { TRAFFIC_CLASSES, type TrafficClass } from '../../../apps/defence/traffic-class.ts';
import type { Verdict } from '../../../apps/defence/verdict.ts';
import { defaultDefence, type DefencePolicy } from '../../../controller/network/defence-policy.ts';

const STEP = 100;
const SECOND = 1_000;

interface Load {
  readonly rate: number;
  /** The source of the n-th packet. */
  readonly from: (n: number) => SourceKey;
}

type Moment = Partial<Record<TrafficClass, readonly Load[]>> & {
  readonly moving?: boolean;
  readonly resuming?: boolean;
  readonly forgetful?: boolean;
};

const client = (n: number): SourceKey => 0xcb00_7100 + (n % 200);
const bot = (n: number): SourceKey => 0xc633_6400 + (n % 5);
/** Another one for each packet. */
const forged = (n: number): SourceKey => (Math.imul(n, 0x9e37_79b1) ^ 0x0b00_0000) >>> 0;

const honest: Moment = {
  syn: [{ rate: 20, from: client }],
  completed: [{ rate: 20, from: client }],
  knownTcp: [{ rate: 2_000, from: client }],
};

/** The loads of both. */
const both = (one: Moment, other: Moment): Moment => ({
  ...one,
  ...other,
  ...Object.fromEntries(
    TRAFFIC_CLASSES.map((name) => [name, [...(one[name] ?? []), ...(other[name] ?? [])]]),
  ),
});

/** Plays a scenario from 0 to `seconds`; what was told, in order. */
function play(
  seconds: number,
  scenario: (ms: number) => Moment,
  policy: DefencePolicy = defaultDefence,
  holders: Measurement['holders'] = () => new Map(),
): { told: Verdict[]; state: DetectorState } {
  let state = initialState;
  const told: Verdict[] = [];
  const totals: Record<TrafficClass, number> = { ...noTotals };
  const windows = new Map<TrafficClass, SampleWindow>();
  const sent = new Map<string, number>();
  for (let now = 0; now <= seconds * SECOND; now += STEP) {
    const { moving = false, resuming = false, forgetful = false, ...classes } = scenario(now);
    for (const [name, loads] of Object.entries(classes) as [TrafficClass, readonly Load[]][]) {
      const window = windows.get(name) ?? new SampleWindow();
      windows.set(name, window);
      const all = loads.reduce((sum, { rate }) => sum + (rate * STEP) / SECOND, 0);
      loads.forEach(({ rate, from }, i) => {
        const key = `${name} ${i}`;
        const packets = Math.round((rate * STEP) / SECOND);
        const before = sent.get(key) ?? 0;
        // As many samples as the meter lets through, whoever sends.
        const sampled = Math.round(packets * Math.min(1, 100 / all));
        for (let n = before; n < before + sampled; n++) window.add(from(n), now);
        sent.set(key, before + packets);
        totals[name] += packets;
      });
    }
    const detected = detect(
      state,
      {
        guest: 'web',
        host: 'a1',
        totals: { ...totals },
        samplesOf: (name, from) => (windows.get(name) ?? new SampleWindow()).summary(now, from),
        holders,
        proven,
        moving,
        resuming,
        forgetful,
      },
      policy,
      now,
    );
    state = detected.state;
    told.push(...detected.verdicts);
  }
  return { told, state };
}

const proven: Measurement['proven'] = {
  source: (source) => source === bot(0),
  network: () => false,
};

const START = 20 * SECOND;
const during = (from: number, to: number, attack: Moment) => (now: number) =>
  now > from && now <= to ? both(honest, attack) : honest;

describe('attacks', () => {
  test.each<[string, Moment, Partial<Verdict>, number]>([
    ['SYNs, forged', { syn: [{ rate: 5_000, from: forged }] }, { kind: 'syn-flood', origin: 'spoofed' }, 400],
    ['SYNs of some bots', { syn: [{ rate: 5_000, from: bot }] }, { kind: 'syn-flood', origin: 'real' }, 400],
    [
      'a few SYNs, forged',
      { syn: [{ rate: 300, from: forged }] },
      { kind: 'syn-flood', origin: 'spoofed' },
      1_000,
    ],
    [
      'ACKs, forged',
      { strayTcp: [{ rate: 5_000, from: forged }] },
      { kind: 'ack-flood', origin: 'spoofed' },
      200,
    ],
    [
      'segments that fit no connection',
      { invalidTcp: [{ rate: 5_000, from: bot }] },
      { kind: 'ack-flood', origin: 'real' },
      200,
    ],
    [
      'UDP, forged',
      { newUdp: [{ rate: 20_000, from: forged }] },
      { kind: 'udp-flood', origin: 'spoofed' },
      200,
    ],
    [
      'UDP of some bots, answered',
      { knownUdp: [{ rate: 10_000, from: bot }] },
      { kind: 'udp-flood', origin: 'real' },
      200,
    ],
    [
      'ICMP, forged',
      { newIcmp: [{ rate: 5_000, from: forged }] },
      { kind: 'icmp-flood', origin: 'spoofed' },
      200,
    ],
    [
      'SYNs at a relay address, forged',
      { relayedSyn: [{ rate: 5_000, from: forged }] },
      { kind: 'syn-flood', origin: 'spoofed' },
      1_500,
    ],
    [
      'segments at a relay address, of some bots',
      { relayedTcp: [{ rate: 5_000, from: bot }] },
      { kind: 'ack-flood', origin: 'real' },
      1_500,
    ],
    [
      'UDP at a relay address, forged',
      { relayedUdp: [{ rate: 20_000, from: forged }] },
      { kind: 'udp-flood', origin: 'spoofed' },
      1_500,
    ],
    [
      'ICMP at a relay address, forged',
      { relayedIcmp: [{ rate: 5_000, from: forged }] },
      { kind: 'icmp-flood', origin: 'spoofed' },
      1_500,
    ],
    [
      'ICMP of some bots',
      { knownIcmp: [{ rate: 5_000, from: bot }] },
      { kind: 'icmp-flood', origin: 'real' },
      200,
    ],
    [
      'connections of some bots',
      { syn: [{ rate: 500, from: bot }], completed: [{ rate: 500, from: bot }] },
      { kind: 'connection-flood', origin: 'real' },
      400,
    ],
  ])('%s', (_, attack, expected, soon) => {
    const { told } = play(40, during(START, START + 3 * SECOND, attack));
    const [first] = told;
    expect(first).toMatchObject({ guest: 'web', host: 'a1', kind: expected.kind });
    expect(first!.decided - START).toBeLessThanOrEqual(soon);
    expect(new Set(told.map(({ kind }) => kind))).toEqual(new Set([expected.kind]));
    expect(new Set(told.map(({ id }) => id)).size).toBe(1);
    const last = told.at(-1)!;
    expect(last).toMatchObject(expected);
    if (expected.origin === 'real') {
      const named = last.sources.map(({ prefix }) => prefix).sort();
      expect(named).toEqual([0, 1, 2, 3, 4].map((n) => `198.51.100.${n}/32`));
      expect(last.sources.find(({ prefix }) => prefix === '198.51.100.0/32')).toMatchObject({ proven: true });
    } else {
      expect(last.sources).toEqual([]);
      expect(last.distinctSources).toBeGreaterThan(50);
    }
    // It is over when it has been calm for the cool-down, and not before; at relay addresses it is looked at for 2 s.
    expect(last.ended! - (START + 3 * SECOND)).toBeGreaterThanOrEqual(defaultDefence.coolDown);
    expect(last.ended! - (START + 3 * SECOND)).toBeLessThan(defaultDefence.coolDown + 2 * SECOND);
  });

  test('a flood among many honest clients: the bots are named, and no client', () => {
    const attack: Moment = {
      syn: [
        { rate: 2_000, from: bot },
        { rate: 300, from: client },
      ],
      completed: [{ rate: 300, from: client }],
    };
    const { told } = play(25, during(START, START + 4 * SECOND, attack));
    const last = told.at(-1)!;
    expect(last.kind).toBe('syn-flood');
    expect(last.sources.map(({ prefix }) => prefix).sort()).toEqual(
      [0, 1, 2, 3, 4].map((n) => `198.51.100.${n}/32`),
    );
  });

  test('senders that vary their address within their own network: the network is named', () => {
    const neighbour = (n: number): SourceKey => 0xc633_6400 + (Math.imul(n, 77) & 0xff);
    const { told } = play(25, during(START, START + 4 * SECOND, { syn: [{ rate: 3_000, from: neighbour }] }));
    const last = told.at(-1)!;
    expect(last).toMatchObject({ kind: 'syn-flood', origin: 'real' });
    expect(last.sources.map(({ prefix }) => prefix)).toContain('198.51.100.0/24');
  });

  test('slow connections: many held by few, hardly used', () => {
    const holders = () =>
      new Map<SourceKey, { count: number; old: number }>([[bot(0), { count: 300, old: 280 }]]);
    const { told } = play(2, () => ({ knownTcp: [{ rate: 2_000, from: client }] }), defaultDefence, holders);
    expect(told[0]).toMatchObject({
      kind: 'slow-connections',
      unit: 'connections',
      origin: 'real',
      sources: [{ prefix: '198.51.100.0/32', rate: 280, proven: true }],
      why: '280 connections are held open and hardly used, by 1 source (usual 0.0, limit 64)',
    });
  });

  test('many connections that are used are not slow', () => {
    const holders = () =>
      new Map<SourceKey, { count: number; old: number }>([[client(0), { count: 300, old: 280 }]]);
    const { told } = play(
      5,
      () => ({ knownTcp: [{ rate: 2_000, from: () => client(0) }] }),
      defaultDefence,
      holders,
    );
    expect(told).toEqual([]);
  });

  test('two attacks at once are two verdicts', () => {
    const attack: Moment = { syn: [{ rate: 5_000, from: forged }], newIcmp: [{ rate: 3_000, from: bot }] };
    const { told } = play(25, during(START, START + 4 * SECOND, attack));
    expect(new Set(told.map(({ kind }) => kind))).toEqual(new Set(['syn-flood', 'icmp-flood']));
  });

  test('a client that was there before the attack is held to what it does, not to what the attack makes of it', () => {
    // Fifteen connections a second for long; then three bots come with 150 in all.
    const visitor = { rate: 15, from: () => client(7) };
    const bots = { rate: 150, from: (n: number) => bot(n % 3) };
    const policy = { ...defaultDefence, floor: { ...defaultDefence.floor, connections: 60 } };
    const { told } = play(
      26,
      (ms) => ({ completed: ms <= START + 700 ? [visitor] : [visitor, bots] }),
      policy,
    );
    expect(told[0]).toMatchObject({ kind: 'connection-flood' });
    expect(new Set(told.flatMap(({ sources }) => sources.map(({ prefix }) => prefix)))).toEqual(
      new Set(['198.51.100.0/32', '198.51.100.1/32', '198.51.100.2/32']),
    );
  });

  test('a flood that fades, as its sources are blocked, is not taken for a forged one', () => {
    // Five sources of 1,000/s each; from 3 s on, less than a client may send each, and more than the limit in all.
    const policy = { ...defaultDefence, floor: { ...defaultDefence.floor, udp: 200 } };
    const fading = (ms: number): Moment => ({ newUdp: [{ rate: ms < 3_000 ? 5_000 : 1_200, from: bot }] });
    const { told } = play(6, (ms) => (ms < 1_000 ? {} : fading(ms)), policy);
    expect(told[0]).toMatchObject({ kind: 'udp-flood' });
    expect(told.map(({ origin }) => origin)).not.toContain('spoofed');
    expect(told.at(-1)).toMatchObject({ origin: 'real' });
    expect(told.at(-1)!.sources).toHaveLength(5);
  });

  test('what was blocked and is not counted any more stays named', () => {
    const scenario = (now: number): Moment => {
      if (now <= START) return honest;
      if (now <= START + SECOND) return both(honest, { syn: [{ rate: 5_000, from: bot }] });
      return both(honest, { syn: [{ rate: 600, from: forged }] });
    };
    const { told } = play(26, scenario);
    expect(told.at(-1)!.sources).toHaveLength(5);
  });
});

describe('no attacks', () => {
  test.each<[string, (now: number) => Moment]>([
    ['what is usual', () => honest],
    [
      'a crowd of honest clients, all at once',
      (now) =>
        now <= START
          ? honest
          : {
              syn: [{ rate: 3_000, from: (n) => 0x0c00_0000 + n }],
              // A round trip later.
              ...(now <= START + 200
                ? {}
                : { completed: [{ rate: 3_000, from: (n: number) => 0x0c00_0000 + n }] }),
              knownTcp: [{ rate: 50_000, from: (n) => 0x0c00_0000 + n }],
            },
    ],
    [
      'a crowd of 200 clients that comes again and again',
      (now) =>
        now <= START
          ? honest
          : { syn: [{ rate: 1_500, from: client }], completed: [{ rate: 1_500, from: client }] },
    ],
    ['some SYNs that fail', during(START, 40 * SECOND, { syn: [{ rate: 100, from: forged }] })],
    ['a busy service of UDP', () => ({ knownUdp: [{ rate: 6_000, from: (n) => 0x0c00_0000 + (n % 500) }] })],
    [
      'packets of no connection after a restart of OVS',
      () => ({ strayTcp: [{ rate: 5_000, from: client }], forgetful: true }),
    ],
    [
      'as much that begins at relay addresses as bridges may relay',
      () => ({ relayedSyn: [{ rate: 900, from: client }], relayedTcp: [{ rate: 1_000, from: client }] }),
    ],
    [
      'bursts that a bridge’s meter lets in, relayed',
      (now) => ({ relayedSyn: [{ rate: now % 10_000 < 500 ? 4_000 : 500, from: client }] }),
    ],
    [
      'connections that go on at relay addresses after a move',
      () => ({
        relayedTcp: [{ rate: 9_000, from: client }],
        relayedUdp: [{ rate: 9_000, from: client }],
        resuming: true,
      }),
    ],
    ['one short burst of pings', during(START, START + STEP, { knownIcmp: [{ rate: 2_000, from: bot }] })],
  ])('%s', (_, scenario) => {
    expect(play(40, scenario).told).toEqual([]);
  });
});

describe('what is usual', () => {
  const udp = (rate: number): Moment => ({ newUdp: [{ rate, from: forged }] });

  test('is learned, and many times of it is an attack', () => {
    const { told } = play(40, (now) => udp(now <= 30 * SECOND ? 1_500 : 9_000));
    expect(told[0]).toMatchObject({ kind: 'udp-flood', threshold: expect.closeTo(6_000, -3) as number });
    expect(told[0]!.decided).toBeGreaterThan(30 * SECOND);
  });

  test('before anything is usual, only a multiple of the floor counts for UDP', () => {
    expect(play(8, () => udp(6_000)).told).toEqual([]);
    expect(play(2, () => udp(12_000)).told[0]).toMatchObject({ kind: 'udp-flood' });
  });

  test('is not learned while the guest moves', () => {
    const scenario =
      (moving: boolean) =>
      (now: number): Moment => ({
        ...udp(now <= 15 * SECOND ? 500 : 1_800),
        moving: moving && now > 15 * SECOND,
      });
    const baseline = (moving: boolean): number =>
      play(40, scenario(moving)).state.kinds['udp-flood'].baseline.value;
    expect(baseline(true)).toBeCloseTo(500, -1);
    expect(baseline(false)).toBeGreaterThan(800);
  });

  test('is not learned from an attack', () => {
    const { state } = play(60, (now) => udp(now <= 20 * SECOND ? 500 : 20_000));
    expect(state.kinds['udp-flood'].baseline.value).toBeLessThan(700);
  });
});

describe('hysteresis', () => {
  const ping = (rate: number): Moment => both(honest, { knownIcmp: [{ rate, from: bot }] });

  test('near the threshold nothing flickers', () => {
    const { told } = play(60, (now) => ping(now < START ? 0 : Math.floor(now / 400) % 2 === 0 ? 800 : 350));
    expect(new Set(told.map(({ id }) => id)).size).toBe(1);
    expect(told.filter(({ ended }) => ended !== undefined)).toEqual([]);
  });

  test('a pause that is shorter than the cool-down ends nothing; a longer one does, and then it is another attack', () => {
    const attack = (now: number): Moment => {
      const t = (now - START) / SECOND;
      return ping((t > 0 && t <= 2) || (t > 7 && t <= 9) || (t > 30 && t <= 32) ? 3_000 : 0);
    };
    const { told } = play(70, attack);
    expect(new Set(told.map(({ id }) => id)).size).toBe(2);
    expect(told.filter(({ ended }) => ended !== undefined)).toHaveLength(2);
  });

  test('figures are told anew about once a second', () => {
    const { told } = play(30, (now) => ping(now <= START ? 0 : 3_000));
    expect(told.length).toBeGreaterThan(7);
    expect(told.length).toBeLessThan(15);
  });

  test('a guest that is not looked at any more has its verdicts ended', () => {
    const { state } = play(25, (now) => ping(now <= START ? 0 : 3_000));
    expect(dismissed(state, 26 * SECOND)).toMatchObject([{ kind: 'icmp-flood', ended: 26 * SECOND }]);
  });
});

test('a bridge that was away for a while has its counters spread over that time', () => {
  const measure = (syn: number): Measurement => ({
    guest: 'web',
    host: 'a1',
    totals: { ...noTotals, syn, completed: syn, knownIcmp: syn },
    samplesOf: () => new SampleWindow().summary(0, 0),
    holders: () => new Map(),
    proven,
    moving: false,
    resuming: false,
    forgetful: false,
  });
  const { state } = detect(initialState, measure(0), defaultDefence, 0);
  expect(detect(state, measure(10_000), defaultDefence, 60_000).verdicts).toEqual([]);
});
