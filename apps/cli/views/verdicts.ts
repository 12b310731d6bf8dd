/** `arctictern verdicts` as text. */
import type { VerdictObject } from '../../api/defence-objects.ts';
import type { Colors } from '../terminal.ts';
import { ago, amount, clean, columns, details, duration } from '../text.ts';

export function verdictsText(verdicts: readonly VerdictObject[], now: number, colors: Colors): string {
  if (verdicts.length === 0) return 'No guest is under attack.\n';
  const rows = verdicts.map((verdict) => [
    verdict.id,
    verdict.guest,
    verdict.host,
    verdict.kind,
    ago(verdict.since, now),
    verdict.ended === null ? colors.red('lasts') : colors.green('over'),
    `${amount(Math.round(verdict.rate))} of ${amount(Math.round(verdict.threshold))} ${verdict.unit}`,
    verdict.origin,
    amount(verdict.sources.length),
  ]);
  const head = ['VERDICT', 'GUEST', 'AT', 'KIND', 'BEGAN', 'STATE', 'RATE', 'ORIGIN', 'SOURCES'];
  return columns(head, rows, colors, ['SOURCES']);
}

const MOST_SOURCES = 20;

export function verdictText(verdict: VerdictObject, now: number, colors: Colors): string {
  const { unit, sources } = verdict;
  const rate = (value: number): string => `${amount(Math.round(value))} ${unit}`;
  const rest = sources.length - MOST_SOURCES;
  return details(
    [
      ['verdict', verdict.id],
      ['guest', verdict.guest],
      ['at', verdict.host],
      ['kind', verdict.kind],
      ['why', clean(verdict.why)],
      ['began', ago(verdict.since, now)],
      ['decided', `+ ${duration(verdict.decided - verdict.since)}`],
      [
        'state',
        verdict.ended === null ? colors.red('lasts') : colors.green(`over, ${ago(verdict.ended, now)}`),
      ],
      ['rate', rate(verdict.rate)],
      ['usual', rate(verdict.baseline)],
      ['limit', rate(verdict.threshold)],
      ['peak', rate(verdict.peak)],
      ['origin', `${verdict.origin}, about ${amount(verdict.distinctSources)} sources seen`],
      ...sources
        .slice(0, MOST_SOURCES)
        .map(
          (source) =>
            [
              `  ${source.prefix}`,
              `${rate(source.rate)}, ${Math.round(source.confidence * 100)} % sure${source.proven ? ', address proven' : ''}`,
            ] as const,
        ),
      ...(rest > 0 ? [['  and', `${amount(rest)} more (--json)`] as const] : []),
    ],
    colors,
  );
}
