import { ablationRows } from '../config/ablation.js'
import type { AblationScores } from './ablation-data.js'
import { formatNumber } from './format-number.js'
import { html } from './html.js'

const WIDTH = 900
const LEFT = 330
const RIGHT = 90
const TOP = 34
const ROW = 26

/**
 * Differences on test as SVG: a line from low to high and a dot for the mean, a small ring for each seed. Colours are written out, so that it looks the same
 * in a README as in a page.
 */
export function ablationFigure({ rows, headline, level }: AblationScores): string {
  const shown = [
    ...rows.flatMap(({ row, testDifference }) => (testDifference ? [{ label: row.label, against: row.against, ...testDifference }] : [])),
    { label: 'full system', against: 'baseline', ...headline.test },
  ]
  const ends = shown.flatMap(({ low, high, bySeed }) => [low, high, ...bySeed])
  const step = 0.05
  const [least, most] = [Math.floor(Math.min(0, ...ends) / step) * step, Math.ceil(Math.max(0, ...ends) / step) * step]
  const xAt = (value: number): number => Math.round((LEFT + ((value - least) / (most - least || 1)) * (WIDTH - LEFT - RIGHT)) * 10) / 10
  const bottom = TOP + shown.length * ROW
  const ticks = Array.from({ length: Math.round((most - least) / step) + 1 }, (_, i) => least + i * step)
  const markup = html`<svg
    xmlns="http://www.w3.org/2000/svg"
    viewBox="0 0 ${WIDTH} ${bottom + 44}"
    role="img"
    aria-label="Differences in lwlrap on test"
    font-family="system-ui, sans-serif"
    font-size="13"
    fill="#1f2328"
  >
    <rect width="100%" height="100%" fill="#ffffff" />
    <text x="${LEFT}" y="16" font-size="12" fill="#59636e">
      difference in test lwlrap from the row it is compared with, ${Math.round(level * 100)} % interval; rings: seeds
    </text>
    ${ticks.map(
      (tick) =>
        html`<line
            x1="${xAt(tick)}"
            x2="${xAt(tick)}"
            y1="${TOP - 8}"
            y2="${bottom}"
            stroke="${Math.abs(tick) < 1e-9 ? '#59636e' : '#d1d9e0'}"
          />
          <text x="${xAt(tick)}" y="${bottom + 18}" text-anchor="middle" font-size="12" fill="#59636e">${formatNumber(tick, 2)}</text> `,
    )}
    ${shown.map(({ label, against, difference, low, high, bySeed }, i) => {
      const y = TOP + (i + 0.5) * ROW
      const color = low > 0 ? '#1a7f37' : high < 0 ? '#cf222e' : '#57606a'
      return html`<g>
        <title>${label}, compared with: ${nameOf(against)}</title>
        <text x="${LEFT - 12}" y="${y + 4.5}" text-anchor="end">${label}</text>
        <line x1="${xAt(low)}" x2="${xAt(high)}" y1="${y}" y2="${y}" stroke="${color}" stroke-width="2.5" />
        ${bySeed.map((value) => html`<circle cx="${xAt(value)}" cy="${y}" r="3.5" fill="none" stroke="#8c959f" />`)}
        <circle cx="${xAt(difference)}" cy="${y}" r="5" fill="${color}" />
        <text x="${WIDTH - RIGHT + 12}" y="${y + 4.5}">${difference > 0 ? '+' : ''}${formatNumber(difference)}</text></g
      > `
    })}
  </svg>`
  return `${String(markup)}\n`
}

const nameOf = (id: string | null): string => ablationRows.find((row) => row.id === id)?.label ?? ''
