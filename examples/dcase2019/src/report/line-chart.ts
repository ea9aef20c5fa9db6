import { html, type Html } from './html.js'

/** One line of a chart. */
export interface ChartSeries {
  readonly label: string
  /** Colour 1 … 6. */
  readonly color: number
  /** `[x, y]`, x ascending; a y that is null or not finite breaks the line. */
  readonly points: readonly (readonly [x: number, y: number | null])[]
  /** Thin and pale: one fold of several. */
  readonly faint?: boolean
}

/** Options of {@link lineChart}. */
export interface LineChartOptions {
  readonly title: string
  readonly xLabel: string
  readonly series: readonly ChartSeries[]
  /** Smallest and largest y shown at least. */
  readonly yRange?: readonly [number, number]
  /** Vertical marks, for example snapshots. */
  readonly marks?: readonly number[]
  /** How a y is written. */
  readonly format?: (y: number) => string
}

const WIDTH = 420
const HEIGHT = 230
const LEFT = 50
const RIGHT = 12
const TOP = 12
const BOTTOM = 36

/** A line chart as one SVG with its legend; colours come from the page's style sheet, so it follows light and dark. */
export function lineChart(options: LineChartOptions): Html {
  const { title, xLabel, series, yRange, marks = [], format } = options
  const all = series.flatMap(({ points }) => points.filter(isDrawn))
  if (all.length === 0)
    return html`<figure class="chart">
      <figcaption>${title}</figcaption>
      <p class="empty">Nothing was recorded.</p>
    </figure>`

  const xs = range(all.map(([x]) => x))
  const ys = range([...all.map(([, y]) => y), ...(yRange ?? [])])
  const yTicks = ticks(ys[0], ys[1], 4)
  const yLow = Math.min(ys[0], yTicks[0])
  const yHigh = Math.max(ys[1], yTicks[yTicks.length - 1])
  const xAt = (x: number): number => round(LEFT + ((x - xs[0]) / (xs[1] - xs[0])) * (WIDTH - LEFT - RIGHT))
  const yAt = (y: number): number => round(HEIGHT - BOTTOM - ((y - yLow) / (yHigh - yLow)) * (HEIGHT - TOP - BOTTOM))
  const write = format ?? ((y: number) => tickText(y, yTicks))
  const xTicks = ticks(xs[0], xs[1], 5).filter((x) => x >= xs[0] && x <= xs[1])
  const inOrder = series.toSorted((a, b) => Number(b.faint ?? false) - Number(a.faint ?? false))

  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
      ${yTicks.map(
        (y) =>
          html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${yAt(y)}" y2="${yAt(y)}" />
            <text class="tick" x="${LEFT - 7}" y="${yAt(y) + 4}" text-anchor="end">${write(y)}</text>`,
      )}
      ${marks.filter((x) => x >= xs[0] && x <= xs[1]).map((x) => html`<line class="mark" x1="${xAt(x)}" x2="${xAt(x)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" />`)}
      <line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM}" />
      ${xTicks.map((x) => html`<text class="tick" x="${xAt(x)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${tickText(x, xTicks)}</text>`)}
      <text class="tick" x="${WIDTH - RIGHT}" y="${HEIGHT - 3}" text-anchor="end">${xLabel}</text>
      ${inOrder.map((line) => drawnLine(line, xAt, yAt))}
    </svg>
    ${legend(series)}
  </figure>`
}

function drawnLine({ points, color, faint, label }: ChartSeries, xAt: (x: number) => number, yAt: (y: number) => number): Html {
  const runs: (readonly [number, number])[][] = [[]]
  for (const point of points) {
    if (isDrawn(point)) runs[runs.length - 1].push(point)
    else if (runs[runs.length - 1].length > 0) runs.push([])
  }
  const name = `line c${color}${faint === true ? ' faint' : ''}`
  return html`<g class="${name}"
    ><title>${label}</title>${runs
      .filter((run) => run.length > 0)
      .map((run) =>
        run.length === 1
          ? html`<circle cx="${xAt(run[0][0])}" cy="${yAt(run[0][1])}" r="3" />`
          : html`<polyline points="${run.map(([x, y]) => `${xAt(x)},${yAt(y)}`).join(' ')}" />`,
      )}</g
  >`
}

/** Lines of the same name and colour are listed once. */
function legend(series: readonly ChartSeries[]): Html {
  const names = new Map(series.filter(({ faint }) => faint !== true).map(({ label, color }) => [label, color]))
  if (names.size < 2) return html``
  return html`<ul class="legend">
    ${[...names].map(([label, color]) => html`<li><i class="c${color}"></i>${label}</li>`)}
  </ul>`
}

function isDrawn(point: readonly [number, number | null]): point is readonly [number, number] {
  return Number.isFinite(point[0]) && typeof point[1] === 'number' && Number.isFinite(point[1])
}

/** Never empty: a single value gets room on both sides. */
function range(values: readonly number[]): [number, number] {
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (low < high) return [low, high]
  const room = Math.abs(low) * 0.5 || 0.5
  return [low - room, high + room]
}

/** About `count` round numbers that lie around low … high; the step is 1, 2 or 5 times a power of ten. */
function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10)
  const first = Math.floor(low / step + 1e-9)
  const last = Math.ceil(high / step - 1e-9)
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step)
}

function tickText(value: number, all: readonly number[]): string {
  const step = all.length > 1 ? Math.abs(all[1] - all[0]) : Math.abs(value) || 1
  if (Math.max(...all.map(Math.abs)) < 1e-2) return value === 0 ? '0' : value.toExponential(1).replace('.0e', 'e')
  return value.toFixed(Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9))))
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
