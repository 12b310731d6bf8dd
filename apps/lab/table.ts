/**
 * A run's summary as tables for the terminal.
 */
import Table from 'cli-table3';
import pc from 'picocolors';
import type { RunSummary } from './summary.ts';

const plain = { style: { head: [], border: [], compact: true } };

export function migrationTable({ migrations }: RunSummary): string {
  const table = new Table({
    ...plain,
    head: ['migration', 'from', 'to', 'strategy', 'blackout', 'outcome'].map((text) => pc.bold(text)),
    colAligns: ['left', 'left', 'left', 'left', 'right', 'left'],
  });
  for (const { guest, from, fromSubnet, to, toSubnet, strategy, blackoutMs, outcome, reason } of migrations) {
    table.push([
      guest,
      `${from} (${fromSubnet})`,
      `${to} (${toSubnet})`,
      strategy,
      milliseconds(blackoutMs),
      outcome === 'completed' ? pc.green(outcome) : pc.red(`${outcome}: ${reason ?? 'no reason given'}`),
    ]);
  }
  return table.toString();
}

export function connectionTable({ connections }: RunSummary): string {
  const table = new Table({
    ...plain,
    head: [
      'connection',
      'protocol',
      'client',
      'to',
      'moves',
      'gap',
      'sent',
      'lost',
      'dup.',
      'reord.',
      'survived',
    ].map((text) => pc.bold(text)),
    colAligns: ['left', 'left', 'left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
  });
  for (const one of connections) {
    table.push([
      one.name,
      one.protocol,
      one.client,
      `${one.target} (${one.at})`,
      one.migrations,
      milliseconds(one.gapMs),
      count(one.sent, one.unit),
      count(one.lost, one.unit),
      one.duplicated,
      one.reordered,
      one.survived ? pc.green('yes') : pc.red(`no${one.error === null ? '' : `: ${one.error}`}`),
    ]);
  }
  return table.toString();
}

export function attackTable({ attacks }: RunSummary): string {
  const table = new Table({
    ...plain,
    head: [
      ...['attack', 'kind', 'sources', 'sent', 'reached', 'verdict', 'first drop', 'safe', 'back'],
      'goodput before, during, after',
      'lost',
    ].map((text) => pc.bold(text)),
    colAligns: ['left', 'left', 'left', ...Array.from({ length: 8 }, () => 'right' as const)],
  });
  for (const one of attacks) {
    const { before = null, during = null, after = null } = one.honestGoodput ?? {};
    const wrong = one.verdict !== undefined && one.verdict !== null && one.verdict !== one.kind;
    table.push([
      one.name,
      one.kind,
      one.sources,
      `${one.packets ?? 0} pkt`,
      `${one.reached ?? 0} pkt`,
      one.verdict === null ? 'none' : `${since(one.verdictMs)}${wrong ? ` (${one.verdict})` : ''}`,
      one.firstDropMs === null ? 'none' : `${since(one.firstDropMs)} at ${one.firstDropAt ?? '?'}`,
      since(one.safeMs),
      one.backMs === null || one.backMs === undefined ? pc.red('no') : since(one.backMs),
      `${[before, during, after].map(megabits).join(', ')} Mbit/s`,
      one.honestConnectionsLost ?? 0,
    ]);
  }
  return `${table.toString()}\nverdict, first drop and safe: since the attack's first packet; back: honest goodput, since the first drop`;
}

const megabits = (value: number | null): string => (value === null ? '?' : (value / 1e6).toFixed(2));

function since(value: number | null | undefined): string {
  return value === null || value === undefined ? '' : `${Math.round(value)} ms`;
}

function milliseconds(value: number | null): string {
  return value === null ? 'unknown' : `${Math.round(value)} ms`;
}

function count(value: number, unit: 'messages' | 'packets' | 'bytes'): string {
  if (unit === 'bytes' && value > 0) return `${(value / 1e6).toFixed(1)} MB`;
  return `${value} ${unit === 'messages' ? 'msg' : unit === 'packets' ? 'pkt' : 'B'}`;
}
