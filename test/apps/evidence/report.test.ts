import { appendFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeReport } from '../../../apps/evidence/report.ts';
import type { TimelineEntry } from '../../../apps/evidence/timeline.ts';
import { ORIGIN, runFolder, summary } from './run.ts';

let folder: string;
const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
const json = (name: string): unknown => JSON.parse(text(name));
/** Rows of a CSV file without quoted cells. */
const rows = (name: string): Record<string, string>[] => {
  const [head = '', ...lines] = text(name).trim().split('\n');
  return lines.map((line) =>
    Object.fromEntries(line.split(',').map((cell, i) => [head.split(',')[i]!, cell])),
  );
};

/** The run's summary, damaged. */
type Change = (whole: typeof summary) => object;
const changed =
  (list: 'migrations' | 'connections', change: object, index = 0): Change =>
  (whole) => ({
    ...whole,
    [list]: whole[list].map((one, i) => (i === index ? { ...one, ...change } : one)),
  });

beforeEach(() => (folder = runFolder()));
afterEach(() => rmSync(folder, { recursive: true }));

describe('a run’s figures', () => {
  it('of the migration', () => {
    const { migrations, origin } = writeReport(folder);
    expect(origin).toBe(ORIGIN);
    expect(migrations).toEqual([
      expect.objectContaining({
        ...{ number: 1, stopAt: 100, resumeAt: 150, blackoutMs: 50, plannedAt: 10, tapAt: 30, copyMs: 60 },
        ...{ tapCapturedBefore: true, newPathAt: 101, newPathMs: 1, announcedAt: 151, copied: 0 },
        megaflows: { a1: 12, b1: 9 },
        phases: [
          { phase: 'planned', from: 10, to: 20 },
          { phase: 'preparing', from: 20, to: 100.5 },
          { phase: 'switching', from: 100.5, to: 150.5 },
          { phase: 'relaying', from: 150.5 },
        ],
      }),
    ]);
    expect(migrations[0]).toMatchObject({ gatesTurnedAt: 100.625, commitSentAt: 100.75 });
    expect(migrations[0]!.redirectedAt).toBe(101.25);
  });

  it('of a migration that sent to both hosts for a while: the first commit is not that of the redirect', () => {
    runFolder({ bicast: true, folder });
    const { migrations, switchovers } = writeReport(folder);
    // Over TCP at 60, 70, 80, 90, over UDP at 65, 75, 85.
    expect(migrations[0]).toMatchObject({ copyingToBothAt: 60, commitSentAt: 100.75, copied: 7 });
    // What the guest had answered at the source does not wait at the destination.
    expect(switchovers.map(({ connection, waiting }) => `${connection} ${waiting}`)).toEqual([
      'echo 5',
      'beat 4',
    ]);
  });

  it('of each connection', () => {
    const { connections } = writeReport(folder);
    expect(connections).toEqual([
      expect.objectContaining({ name: 'echo', retransmitted: 1, retransmittedByGuest: 0, packets: 63 }),
      expect.objectContaining({ name: 'beat', retransmitted: null, lost: 2, packets: 58 }),
    ]);
  });

  it('of each connection at the switchover', () => {
    const [echo, beat, ...others] = writeReport(folder).switchovers;
    expect(others).toEqual([]);
    // Answers came at 92 and then at 162, 2 ms after the guest sent them at 160.
    expect(echo).toEqual({
      ...{ migration: 1, connection: 'echo', gapMs: 70, gapFrom: 92, gapMinusBlackoutMs: 20 },
      ...{ networkMs: 0, firstAnswerMs: 11, waiting: 5, lost: 0, retransmitted: 1 },
    });
    expect(beat).toMatchObject({ gapFrom: 87, networkMs: 0, waiting: 4, lost: 1, retransmitted: null });
    expect(beat!.gapMs).toBeCloseTo(75.15, 3);
  });
});

describe('what is written', () => {
  it('has every source on one clock', () => {
    writeReport(folder);
    const { origin, entries } = json('timeline.json') as { origin: number; entries: TimelineEntry[] };
    expect(origin).toBe(ORIGIN);
    expect(entries.map(({ ms }) => ms)).toEqual(entries.map(({ ms }) => ms).sort((a, b) => a - b));
    const told = entries
      .filter(({ kind, ms }) => kind !== 'packet' && ms >= 20)
      .map(({ ms, source, text: what }) => `${ms} ${source}: ${what}`);
    expect(told).toEqual([
      '20 controller: preparing',
      '30 kernel: interface vnet3 appeared',
      '31 controller: port vnet3 of guest web appeared',
      '95.5 switch: 12 megaflows at a1; the revalidators’ last round took 1 ms',
      '96 switch: 9 megaflows at b1; the revalidators’ last round took 2 ms',
      '100 controller: QEMU STOP at a1',
      '100.5 controller: switching',
      '100.625 controller: gates at a1 turned: open to the destination',
      '100.75 controller: commit sent to a1',
      '101.25 controller: redirected',
      '150 controller: QEMU RESUME at b1',
      '151 capture: RARP of 52:54:00:00:00:01 at taps',
    ]);
    expect(entries.filter(({ connection }) => connection === 'echo')).toHaveLength(63 + 62);
    expect(rows('timeline.csv')).toHaveLength(entries.length);
  });

  it('as tables, every column of which is explained', () => {
    const { files } = writeReport(folder);
    const explained = rows('columns.csv').map(({ table, column }) => `${table} ${column}`);
    for (const file of files.filter((name) => name.endsWith('.csv') && name !== 'columns.csv')) {
      const [head] = text(file).split('\n', 1);
      const table = file.replace(/^packets-.*/, 'packets-CONNECTION.csv');
      for (const column of head!.split(',')) expect(explained).toContain(`${table} ${column}`);
    }
    const packets = rows('packets-beat.csv');
    expect(packets.filter(({ node, direction }) => node === 'c1' && direction === 'to-guest')).toHaveLength(
      30,
    );
    expect(
      packets.filter(({ node, direction }) => node === 'b1' && direction === 'from-guest')[0],
    ).toMatchObject({
      n: '11',
      length: '16',
    });
    expect(rows('migrations.csv')[0]).toMatchObject({ newPathMs: '1', megaflows: 'a1=12 b1=9' });
    expect(rows('switchovers.csv')[0]).toMatchObject({ connection: 'echo', gapMs: '70', waiting: '5' });
  });

  it('as a page that needs nothing else, and in which nothing is taken for markup', () => {
    const { files } = writeReport(folder);
    const page = text('report.html');
    expect(files).toContain('report.html');
    expect(page).not.toMatch(/(?:src|href)\s*=|@import|url\(|<script/);
    expect(page).toContain('a &#60;fast&#62; one, 2 cores');
    expect(page).toContain('1 · web, a1 → b1');
    expect(page).toContain('every packet of it is there');
    expect(page).toContain('a1=12 b1=9');
    for (const label of [
      'Moments around',
      'Numbers of connection echo',
      'Numbers of connection beat',
      'Gap by strategy',
    ]) {
      expect(page).toContain(`aria-label="${label}`);
    }
    expect(page).not.toMatch(/NaN|undefined|Infinity|#0[1-9a]0[1-9a]0[1-9a]/);
  });

  it('is the same when it is made again, with the figures as JSON beside it', () => {
    const first = writeReport(folder);
    const pages = first.files.map(text);
    writeFileSync(join(folder, 'packets-gone.csv'), 'of an earlier report');
    const again = writeReport(folder);
    expect(again.files.map(text)).toEqual(pages);
    expect(() => text('packets-gone.csv')).toThrow();
    const { files, folder: _, ...figures } = again;
    expect(json('evidence.json')).toEqual(JSON.parse(JSON.stringify(figures)));
    expect(again.files.filter((name) => text(name).includes(folder))).toEqual([]);
    expect(files).toHaveLength(12);
  });
});

describe('a folder', () => {
  it('that is not there, or none of a run, is refused in one sentence', () => {
    expect(() => writeReport(join(folder, 'nowhere'))).toThrow(
      `${join(folder, 'nowhere')} is not the folder of a run: it has no folder of that name; name one that \`arctictern lab run\` left behind`,
    );
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    expect(() => writeReport(empty)).toThrow(
      /^.* is not the folder of a run: it has no summary\.json; name one/,
    );
  });

  it('of a run that did not end is refused', () => {
    rmSync(join(folder, 'summary.json'));
    expect(() => writeReport(folder)).toThrow(
      `${folder} holds a run that did not come to its end: it has captures but no summary.json, so there is nothing to report; run it again`,
    );
  });

  it.each([
    ['summary.json', '{"lab":', /summary\.json is damaged \(it is not JSON\): the report needs it whole/],
    ['summary.json', '[]', /summary\.json is damaged \(it as a whole: .*\)/],
    [
      'summary.json',
      '{"lab":"x","version":"1","startedAt":"now"}',
      /summary\.json is damaged \(startedAt: .*\)/,
    ],
    ['captures/captures.json', '[{}]', /captures\.json is damaged \(0\.file: .*\)/],
    ['captures/c1-eth0.pcap', 'none', /c1-eth0\.pcap is no packet capture \(it has 4 bytes only\)/],
  ])('with a damaged %s is refused', (name, content, message) => {
    writeFileSync(join(folder, name), content);
    expect(() => writeReport(folder)).toThrow(message);
  });

  it.each<[string, Change]>([
    ['machine', ({ machine: _, ...rest }) => rest],
    ['migrations.0.entered.planned', changed('migrations', { entered: { planned: 'then' } })],
    ['migrations.0.strategy', changed('migrations', { strategy: 'luck' })],
    ['connections.1.gapMs', changed('connections', { gapMs: null }, 1)],
    ['connections.0.name', changed('connections', { name: '../../echo' })],
    ['startedAt', (all) => ({ ...all, startedAt: 1e18 })],
  ])('whose summary has no proper %s is refused, with the place', (place, change) => {
    writeFileSync(join(folder, 'summary.json'), JSON.stringify(change(summary)));
    expect(() => writeReport(folder)).toThrow(
      new RegExp(`^${join(folder, 'summary.json')} is damaged \\(${place}: .+\\): the report needs it whole`),
    );
  });

  it.each([
    ['0.file', { file: '../outside.pcap' }],
    ['0.links', { links: '/etc/passwd' }],
    ['0.begunBy', { begunBy: 'then' }],
  ])('whose captures have no proper %s is refused, with the place', (place, change) => {
    const records = json('captures/captures.json') as object[];
    writeFileSync(
      join(folder, 'captures/captures.json'),
      JSON.stringify(records.map((record) => ({ ...record, ...change }))),
    );
    expect(() => writeReport(folder)).toThrow(new RegExp(`captures\\.json is damaged \\(${place}: .+\\)`));
  });

  it('with a folder where a file should be is refused', () => {
    rmSync(join(folder, 'captures/b1-links.txt'));
    mkdirSync(join(folder, 'captures/b1-links.txt'));
    expect(() => writeReport(folder)).toThrow(/b1-links\.txt is damaged \(it cannot be read: EISDIR/);
  });

  it.each([
    'captures/captures.json',
    'logs/controller.jsonl',
    'captures/b1-taps.pcap',
    'captures/b1-links.txt',
  ])('without %s is refused, with its name', (name) => {
    rmSync(join(folder, name));
    expect(() => writeReport(folder)).toThrow(name);
  });

  it('whose capture was cut short is reported on, and the page says so', () => {
    truncateSync(join(folder, 'captures/b1-taps.pcap'), 2_000);
    const { captures } = writeReport(folder);
    expect(captures.map(({ node, cut }) => `${node} ${cut}`)).toEqual(['c1 false', 'a1 false', 'b1 true']);
    expect(text('report.html')).toContain('cut short');
  });

  it('of an earlier version, which counted no megaflows, is reported on', () => {
    const summary = json('summary.json') as { migrations: { megaflows?: unknown }[] };
    delete summary.migrations[0]!.megaflows;
    writeFileSync(join(folder, 'summary.json'), JSON.stringify(summary));
    rmSync(join(folder, 'megaflows.jsonl'));
    expect(writeReport(folder).migrations[0]).toMatchObject({ newPathMs: 1, megaflows: {} });
  });

  it('whose log has lines of all kinds is read', () => {
    appendFileSync(
      join(folder, 'logs/controller.jsonl'),
      '\nnot JSON "moment"\n{"time":1,"moment":{"kind":"new"}}\n',
    );
    expect(writeReport(folder).migrations[0]!.stopAt).toBe(100);
  });
});
