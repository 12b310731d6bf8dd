/**
 * How the report looks: one column of text and tables, charts that scale with it; dark where the reader's system
 * is; on paper always light. The names of the colours are those of chart.ts.
 */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #fbfbfa; --panel: #fff; --ink: #1d2228; --muted: #68717b; --line: #dfe2e5; --wash: #d9534f14;
  --blue: #2f6fb3; --orange: #d9822b; --green: #2e8b57; --red: #c8403a; --purple: #7d55b8; --grey: #a3abb3;
  --yellow: #c9a400;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181c; --panel: #1c2025; --ink: #e3e6ea; --muted: #98a1ab; --line: #333940; --wash: #e5736e1f;
    --blue: #6aa9e9; --orange: #e9a254; --green: #62c08d; --red: #ee7a74; --purple: #b493e6; --grey: #78818b;
    --yellow: #d9bd45;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 19px; margin: 48px 0 4px; }
h3 { font-size: 15px; margin: 0 0 4px; }
p { margin: 4px 0 12px; max-width: 92ch; }
.quiet { color: var(--muted); }
code { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
header { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: baseline; }
.verdict { font-weight: 600; }
.verdict.good, .good { color: var(--green); }
.verdict.bad, .bad { color: var(--red); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 20px 0 0; }
.tile { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; }
.tile b { display: block; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile span { color: var(--muted); font-size: 13px; }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin: 12px 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 12px; margin: 12px 0; }
.pair .panel { margin: 0; min-width: 0; }
.scroll { overflow-x: auto; }
.chart { overflow-x: auto; }
.chart svg { display: block; width: 100%; height: auto; min-width: var(--least); }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px 6px 0; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; color: var(--muted); font-size: 13px; vertical-align: bottom; white-space: normal; min-width: 5.5em; }
tr:last-child td { border-bottom: 0; }
.number { text-align: right; }
th.number { text-align: right; }
.marks { display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; margin: 4px 0 0; list-style: none; font-size: 13px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; padding: 0; margin: 2px 0 0; list-style: none; font-size: 12px; color: var(--muted); }
.legend i { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 6px; }
.marks i { display: inline-block; width: 3px; height: 12px; margin-right: 6px; vertical-align: -1px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 0; font-size: 14px; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
@media (max-width: 600px) {
  main { padding: 20px 14px 40px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 8px; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --panel: #fff; --ink: #1d2228; --muted: #68717b; --line: #dfe2e5; --wash: #d9534f14;
    --blue: #2f6fb3; --orange: #d9822b; --green: #2e8b57; --red: #c8403a; --purple: #7d55b8; --grey: #a3abb3;
    --yellow: #c9a400;
  }
  main { max-width: none; padding: 0; }
  body { font-size: 11px; }
  table { font-size: 10px; }
  th, td { padding-right: 6px; }
  .panel, .tile, tr { break-inside: avoid; }
  h2, h3, h2 + p { break-after: avoid; }
  .chart svg { min-width: 0; }
  .pair { grid-template-columns: 1fr 1fr; }
  @page { margin: 14mm; }
}
`;
