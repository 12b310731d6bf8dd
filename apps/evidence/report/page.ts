/**
 * A run as one HTML file: no script, no resource from elsewhere, to be opened from disk, mailed, printed.
 */
import { lab as limits } from '../../../controller/limits.ts';
import type { RunSummary } from '../../lab/summary.ts';
import { version } from '../../version.ts';
import type { AttackCourse, AttackFigures } from '../attacks.ts';
import type { Evidence, MigrationFigures, SwitchoverFigures } from '../figures.ts';
import { megaflowText } from '../megaflows.ts';
import type { TimelineEntry } from '../timeline.ts';
import { attackChart, firstMarks } from './attack-charts.ts';
import { variableOf } from './chart.ts';
import { html, Markup } from './markup.ts';
import { gapsChart, phasesChart, titleOf } from './run-charts.ts';
import { style } from './style.ts';
import {
  isSwitched,
  marksOf,
  momentLanes,
  sequenceChart,
  spanOf,
  type Switched,
  throughputChart,
} from './switchover-charts.ts';
import { ms, quantity, table } from './table.ts';

export interface ReportInput {
  readonly summary: RunSummary;
  readonly evidence: Evidence;
  readonly entries: readonly TimelineEntry[];
}

/** What somebody types to get the same again. */
export interface Commands {
  readonly run: string;
  readonly report: string;
}

export function reportPage({ summary, evidence, entries }: ReportInput, commands: Commands): string {
  const { migrations } = evidence;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${summary.lab}, ${utc(summary.startedAt)}</title>
        <style>
          ${new Markup(style)}
        </style>
      </head>
      <body>
        <main>
          ${heading(summary)} ${tiles(summary, evidence)}
          <h2>Migrations</h2>
          <p class="quiet">
            Blackout is from QEMU’s STOP at the source to its RESUME at the destination, by QEMU’s own stamps.
            The new path is the first request on the destination’s TAP after STOP; megaflows are those of each
            host’s and edge’s datapath at most ${limits.megaflowInterval} ms before.
          </p>
          <div class="panel">${migrationTable(migrations)}</div>
          ${
            migrations.length === 0
              ? null
              : html`<div class="panel">
                  <h3>Phases</h3>
                  ${phasesChart(migrations)}
                </div>`
          }
          ${
            migrations.some(({ blackoutMs }) => blackoutMs !== null)
              ? html`<h2>Gap by strategy</h2>
                  <p class="quiet">
                    A gap is the longest silence that a connection’s client saw around a switchover, by the
                    capture there; beside it the blackout. Migrations stand by strategy, and then in order of
                    time.
                  </p>
                  <div class="panel">${gapsChart(evidence)}</div>`
              : null
          }
          ${migrations.map((migration) => switchover(migration, evidence, entries))}
          ${evidence.courses.map(attackSection)}
          <h2>Connections</h2>
          <div class="panel">${connectionTable(evidence)}</div>
          <h2>Captures</h2>
          <p class="quiet">
            Frames are cut after ${limits.captureBytes} bytes. All stamps are of one machine’s clock, in
            nanoseconds; ${clockText(summary)}
          </p>
          <div class="panel">${captureTable(summary, evidence)}</div>
          <h2>Machine, and how to get this again</h2>
          <div class="panel">${machine(summary, commands)}</div>
        </main>
      </body>
    </html> `;
  return page.text;
}

function heading(summary: RunSummary): Markup {
  const { lab, startedAt, endedAt, passed } = summary;
  return html`<header>
      <h1>${lab}</h1>
      <span class="verdict ${passed ? 'good' : 'bad'}"
        >${passed ? 'All connections survived' : 'Not everything survived'}</span
      >
    </header>
    <p class="quiet">
      ${utc(startedAt)} UTC, ${Math.round((endedAt - startedAt) / 1000)} s. Times in this page are since then,
      or since a migration’s STOP where it says so.
    </p>`;
}

function tiles({ connections }: RunSummary, { migrations, switchovers }: Evidence): Markup {
  const tile = (value: string, what: string): Markup =>
    html`<div class="tile"><b>${value}</b><span>${what}</span></div>`;
  const survived = connections.filter((one) => one.survived).length;
  const lost = connections.filter(({ unit }) => unit !== 'bytes').reduce((sum, one) => sum + one.lost, 0);
  const worst = (values: readonly (number | null)[]): string => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? 'unknown' : `${ms(Math.max(...known))} ms`;
  };
  return html`<div class="tiles">
    ${tile(`${migrations.filter(({ outcome }) => outcome === 'completed').length} of ${migrations.length}`, 'migrations completed')}
    ${tile(`${survived} of ${connections.length}`, 'connections survived')}
    ${tile(String(lost), 'messages and packets lost')}
    ${tile(worst(migrations.map(({ blackoutMs }) => blackoutMs)), 'longest blackout')}
    ${tile(worst(switchovers.map(({ gapMs }) => gapMs)), 'longest gap')}
    ${tile(worst(switchovers.map(({ networkMs }) => networkMs)), 'the network’s share, at most')}
  </div>`;
}

function migrationTable(migrations: readonly MigrationFigures[]): Markup {
  return table(
    [
      { head: 'migration', of: titleOf },
      { head: 'strategy', of: ({ strategy }) => strategy },
      { head: 'outcome', of: ({ outcome, reason }) => (reason === null ? outcome : `${outcome}: ${reason}`) },
      {
        head: 'copy, s',
        number: true,
        of: ({ copyMs }) => (copyMs === null ? null : (copyMs / 1000).toFixed(1)),
      },
      { head: 'blackout, ms', number: true, of: ({ blackoutMs }) => ms(blackoutMs) },
      { head: 'STOP → gates turned, ms', number: true, of: since((one) => one.gatesTurnedAt) },
      { head: 'STOP → commit sent, ms', number: true, of: since((one) => one.commitSentAt) },
      { head: 'STOP → committed, ms', number: true, of: since((one) => one.redirectedAt) },
      { head: 'STOP → new path, ms', number: true, of: ({ newPathMs }) => ms(newPathMs) },
      { head: 'megaflows', of: ({ megaflows }) => megaflowText(megaflows) || null },
      { head: 'on both TAPs', number: true, of: ({ copied }) => String(copied) },
    ],
    migrations,
  );
}

const since =
  (moment: (one: MigrationFigures) => number | null) =>
  (one: MigrationFigures): string | null => {
    const at = moment(one);
    return at === null || one.stopAt === null ? null : ms(at - one.stopAt);
  };

function switchover(
  migration: MigrationFigures,
  evidence: Evidence,
  entries: readonly TimelineEntry[],
): Markup {
  const own = evidence.switchovers.filter((one) => one.migration === migration.number);
  const title = html`<h2>${titleOf(migration)}</h2>`;
  if (!isSwitched(migration)) {
    return html`${title}
      <p class="quiet">
        It did not come to a switchover.${migration.reason === null ? '' : ` ${migration.reason}`}
      </p>`;
  }
  const span = spanOf(evidence, migration);
  const open = new Set(own.map(({ connection }) => connection));
  const traces = evidence.traces.filter(({ name }) => open.has(name));
  const downloads = new Set(
    evidence.connections.filter(({ protocol }) => protocol === 'http').map(({ name }) => name),
  );
  const panels = traces.flatMap((trace) => {
    const picture = downloads.has(trace.name)
      ? throughputChart(migration, span, trace)
      : sequenceChart(migration, span, trace);
    return picture === undefined
      ? []
      : [
          html`<div class="panel">
            <h3>${trace.name}</h3>
            ${picture}
          </div>`,
        ];
  });
  return html`${title}
    <p class="quiet">${migration.strategy}; ${tapText(migration)}</p>
    ${warning(migration)}
    <div class="panel">
      <h3>Moment by moment</h3>
      ${marks(migration)}${momentLanes(migration, span, entries, traces)}
    </div>
    <div class="pair">${panels}</div>
    <div class="panel">${switchoverTable(own)}</div>`;
}

function warning({ warning: told }: MigrationFigures): Markup | null {
  return told === null ? null : html`<p class="bad">${told}</p>`;
}

function tapText({ to, tapAt, tapCapturedBefore, stopAt }: Switched): string {
  if (tapCapturedBefore === null) return `no capture tells of the TAP at ${to}.`;
  if (tapAt === null) return `the TAP at ${to} was there before the captures began.`;
  const when = `the TAP at ${to} appeared ${((stopAt - tapAt) / 1000).toFixed(2)} s before STOP`;
  return tapCapturedBefore
    ? `${when}; its capture had begun before, so every packet of it is there.`
    : `${when}; its capture began only after that, so first packets may be missing.`;
}

function marks(migration: Switched): Markup {
  return html`<ul class="marks">
    ${marksOf(migration).map(
      ({ name, at, color }) =>
        html`<li>
          <i style="background:${variableOf(color)}"></i>${name}
          <span class="quiet">${at > 0 ? '+' : ''}${ms(at)} ms</span>
        </li>`,
    )}
  </ul>`;
}

function switchoverTable(rows: readonly SwitchoverFigures[]): Markup {
  return table(
    [
      { head: 'connection', of: ({ connection }) => connection },
      { head: 'gap, ms', number: true, of: ({ gapMs }) => ms(gapMs) },
      { head: 'gap − blackout, ms', number: true, of: (one) => ms(one.gapMinusBlackoutMs) },
      { head: 'network’s share, ms', number: true, of: ({ networkMs }) => ms(networkMs) },
      { head: 'RESUME → first answer, ms', number: true, of: ({ firstAnswerMs }) => ms(firstAnswerMs) },
      { head: 'waited at the TAP', number: true, of: ({ waiting }) => String(waiting) },
      { head: 'lost', number: true, of: ({ lost }) => (lost === null ? null : String(lost)) },
      {
        head: 'sent again',
        number: true,
        of: (one) => (one.retransmitted === null ? null : String(one.retransmitted)),
      },
    ],
    rows,
  );
}

function attackSection(course: AttackCourse): Markup {
  const { name, kind, sources, from, guest, packets, reached, verdict, firstDropAt } = course.figures;
  const whose = sources === 'real' ? 'their own addresses' : 'forged addresses';
  return html`<h2>${name}: ${kind} on ${guest}</h2>
    <p class="quiet">
      From ${from.join(', ')}, by ${whose}: ${packets} packets, of which ${reached} came to the guest.
      ${verdict === null ? 'No verdict.' : `Verdict: ${verdict}.`}
      ${firstDropAt === null ? 'No bridge dropped it.' : `Dropped first at ${firstDropAt}.`}
    </p>
    <div class="panel">
      <ul class="marks">
        ${firstMarks(course).map(
          ({ name: mark, ms: at }) => html`<li>${mark} <span class="quiet">+${ms(at)} ms</span></li>`,
        )}
      </ul>
      ${attackChart(course)}
    </div>
    <div class="panel">${attackTable([course.figures])}</div>`;
}

function attackTable(attacks: readonly AttackFigures[]): Markup {
  const megabits = (value: number | null): string | null =>
    value === null ? null : (value / 1e6).toFixed(2);
  return table(
    [
      { head: 'verdict, ms', number: true, of: ({ verdictMs }) => ms(verdictMs) },
      { head: 'filtered, ms', number: true, of: ({ filteredMs }) => ms(filteredMs) },
      { head: 'first drop, ms', number: true, of: ({ firstDropMs }) => ms(firstDropMs) },
      { head: 'safe, ms', number: true, of: ({ safeMs }) => ms(safeMs) },
      { head: 'first drop → goodput back, ms', number: true, of: ({ backMs }) => ms(backMs) },
      {
        head: 'goodput before, during, after, Mbit/s',
        number: true,
        of: ({ honestGoodput: { before, during, after } }) =>
          [before, during, after].map((value) => megabits(value) ?? '–').join(', '),
      },
      {
        head: 'connections lost',
        number: true,
        of: ({ honestConnectionsLost }) => String(honestConnectionsLost),
      },
    ],
    attacks,
  );
}

function connectionTable({ connections }: Evidence): Markup {
  return table(
    [
      { head: 'connection', of: ({ name }) => name },
      { head: 'protocol', of: ({ protocol }) => protocol },
      { head: 'client', of: ({ client }) => client },
      { head: 'to', of: ({ target, at }) => `${target} (${at})` },
      { head: 'moves', number: true, of: ({ migrations }) => String(migrations) },
      { head: 'gap, ms', number: true, of: ({ gapMs }) => ms(gapMs) },
      { head: 'sent', number: true, of: ({ sent, unit }) => quantity(sent, unit) },
      { head: 'lost', number: true, of: ({ lost, unit }) => quantity(lost, unit) },
      { head: 'duplicated', number: true, of: ({ duplicated }) => String(duplicated) },
      { head: 'reordered', number: true, of: ({ reordered }) => String(reordered) },
      {
        head: 'sent again: client, guest',
        number: true,
        of: ({ retransmitted, retransmittedByGuest }) =>
          retransmitted === null ? null : `${retransmitted}, ${retransmittedByGuest ?? 'unseen'}`,
      },
      {
        head: 'survived',
        of: ({ survived, error }) =>
          html`<span class="${survived ? 'good' : 'bad'}"
            >${survived ? 'yes' : `no${error === null ? '' : `: ${error}`}`}</span
          >`,
      },
    ],
    connections,
  );
}

function captureTable({ startedAt }: RunSummary, { captures }: Evidence): Markup {
  return table(
    [
      { head: 'file', of: ({ file }) => file },
      { head: 'at', of: ({ node, point }) => `${node}, ${point}` },
      { head: 'begun by, s', number: true, of: ({ begunBy }) => ((begunBy - startedAt) / 1000).toFixed(2) },
      { head: 'packets', number: true, of: ({ packets }) => String(packets) },
      {
        head: 'missed',
        number: true,
        of: ({ dropped, cut }) => (dropped === null || cut ? 'cut short' : String(dropped)),
      },
    ],
    captures,
  );
}

function clockText({ clock }: RunSummary): string {
  const moved = Math.abs(clock.endedMs - clock.beganMs);
  return moved < 0.5
    ? `nobody set it meanwhile (it moved by ${moved.toFixed(2)} ms against the clock of events).`
    : `it was set meanwhile: captures and events are up to ${moved.toFixed(1)} ms apart.`;
}

function machine({ machine: one, version: made }: RunSummary, { run, report }: Commands): Markup {
  const rows: [string, string | Markup][] = [
    ['processor', `${one.cpu}, ${one.cores} cores`],
    ['kernel', one.kernel],
    ['guests', `under ${one.accelerator}`],
    ['Open vSwitch', `${one.ovs}, datapath ${one.datapath}`],
    ['WAN delay', `by ${one.delay}`],
    ['Node.js', one.node],
    ['ArcticTern', made === version ? made : `${made}; this page by ${version}`],
    ['run it again, in its folder', html`<code>${run}</code>`],
    ['make this page again, there', html`<code>${report}</code>`],
    [
      'beside this page',
      'CSV tables (columns.csv says what is in them), timeline.json, evidence.json, captures, logs',
    ],
  ];
  return html`<dl>
    ${rows.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`;
}

const utc = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ');
