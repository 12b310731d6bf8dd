/**
 * Charts as SVG text, drawn without a browser. Colours are those of the page, so that a chart is dark where the page
 * is: ECharts gets a stand-in for each, which is replaced by the page's own variable.
 */
import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkAreaComponent, MarkLineComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { html, Markup } from './markup.ts';

use([BarChart, LineChart, ScatterChart, GridComponent, MarkAreaComponent, MarkLineComponent, SVGRenderer]);

/** Stand-ins: colours that no chart has of itself. The names are those of style.ts. */
export const color = {
  ink: '#010101',
  muted: '#020202',
  line: '#030303',
  wash: '#040404',
  blue: '#050505',
  orange: '#060606',
  green: '#070707',
  red: '#080808',
  purple: '#090909',
  grey: '#0a0a0a',
  yellow: '#0b0b0b',
} as const;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A narrower page scrolls a chart rather than making its text smaller than this. */
const LEAST = 0.8;
const FONT = 'system-ui, sans-serif';

/** `label` says what it shows to those who do not see it. */
export function chart(option: EChartsCoreOption, { width, height }: Size, label: string): Markup {
  const instance = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    instance.setOption({ animation: false, textStyle: { fontFamily: FONT, color: color.ink }, ...option });
    return html`<div
      class="chart"
      style="--least:${Math.round(width * LEAST)}px"
      role="img"
      aria-label="${label}"
    >
      ${new Markup(ofPage(instance.renderToSVGString()))}
    </div>`;
  } finally {
    instance.dispose();
  }
}

/**
 * Scales with the page, has the page's colours, and no background of its own. What ECharts adds for a page with
 * scripts (how a point looks under the mouse, by names that are new each time) is taken out.
 */
function ofPage(svg: string): string {
  const bare = svg
    .replace(/<svg width="\d+" height="\d+"/, '<svg')
    .replace(/<style ?>.*?<\/style>/gs, '')
    .replace(/ (?:class|ecmeta_\w+|pointer-events|xml:space)="[^"]*"/g, '');
  return Object.entries(color).reduce(
    (text, [name, standIn]) =>
      text.replaceAll(standIn, `var(--${name})`).replaceAll(rgb(standIn), `var(--${name})`),
    bare,
  );
}

/** The page's variable for a chart's colour. */
export function variableOf(shade: string): string {
  return `var(--${Object.entries(color).find(([, standIn]) => standIn === shade)?.[0] ?? 'ink'})`;
}

function rgb(hex: string): string {
  const value = parseInt(hex.slice(1, 3), 16);
  return `rgb(${value},${value},${value})`;
}

/** An axis as all charts have it: thin, quiet, named at its end. */
export const axis = {
  axisLine: { lineStyle: { color: color.line } },
  axisTick: { lineStyle: { color: color.line } },
  axisLabel: { color: color.muted, fontSize: 11, hideOverlap: true },
  nameTextStyle: { color: color.muted, fontSize: 11 },
  splitLine: { lineStyle: { color: color.line, width: 0.5 } },
} as const;

/** What the colours mean, above a chart: in HTML, which knows how wide its text is. */
export function legend(items: readonly { readonly name: string; readonly color: string }[]): Markup {
  return html`<ul class="legend">
    ${items.map(
      ({ name, color: shade }) => html`<li><i style="background:${variableOf(shade)}"></i>${name}</li>`,
    )}
  </ul>`;
}
