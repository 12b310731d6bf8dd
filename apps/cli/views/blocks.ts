/** `arctictern blocks` and `allowed` as text. */
import type { AllowanceObject, BlockObject } from '../../api/objects.ts';
import type { Colors } from '../terminal.ts';
import { ago, amount, clean, columns, details, duration } from '../text.ts';

export function blocksText(blocks: readonly BlockObject[], now: number, colors: Colors): string {
  if (blocks.length === 0) return 'Nothing is blocked. Block a source with `arctictern block ADDRESS`.\n';
  const rows = blocks.map((block) => [
    String(block.number),
    sourcesText(block, 2),
    block.guest ?? 'any',
    byText(block),
    block.line,
    ago(block.createdAt, now),
    endText(block, now),
    clean(block.reason) === '' ? '-' : clean(block.reason),
  ]);
  const head = ['BLOCK', 'SOURCES', 'GUEST', 'BY', 'LINE', 'BEGAN', 'ENDS', 'REASON'];
  return columns(head, rows, colors, ['BLOCK']);
}

export function blockText(block: BlockObject, now: number, colors: Colors): string {
  return details(
    [
      ['block', String(block.number)],
      ['sources', sourcesText(block, block.sources.length)],
      ['guest', block.guest ?? 'any'],
      ['by', byText(block)],
      ['line', block.line],
      ['began', ago(block.createdAt, now)],
      ['ends', endText(block, now)],
      ['reason', clean(block.reason) === '' ? '-' : clean(block.reason)],
    ],
    colors,
  );
}

export function allowedText(allowed: readonly AllowanceObject[], now: number, colors: Colors): string {
  if (allowed.length === 0)
    return 'Nothing is allowed by name. Allow a source with `arctictern allow ADDRESS`.\n';
  const rows = allowed.map(({ source, reason, createdAt }) => [
    source,
    ago(createdAt, now),
    clean(reason) === '' ? '-' : clean(reason),
  ]);
  return columns(['SOURCE', 'SINCE', 'REASON'], rows, colors);
}

function sourcesText({ sources, count }: BlockObject, shown: number): string {
  if (sources.length === 0) return amount(count);
  const rest = count - Math.min(shown, sources.length);
  return `${sources.slice(0, shown).join(', ')}${rest > 0 ? ` and ${amount(rest)} more` : ''}`;
}

function byText({ origin, verdict }: BlockObject): string {
  return verdict === null ? origin : `${origin} ${verdict}`;
}

function endText({ expires }: BlockObject, now: number): string {
  if (expires === null) return 'never';
  return expires <= now ? 'now' : `in ${duration(expires - now)}`;
}
