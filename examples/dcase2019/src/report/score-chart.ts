import { formatNumber } from './format-number.js'
import { html, type Html } from './html.js'
import type { ReportData, ReportScore, ReportSystem } from './report-data.js'

const WIDTH = 900
const LEFT = 170
const RIGHT = 70
const TOP = 30
const ROW = 34

/** Every system's score on `primarySet` with its interval, the other sets as rings, references as dashed lines. */
export function scoreChart({ systems, references, primarySet, sets, intervalLevel }: ReportData): Html {
  const lines = references.filter(({ set, overall }) => set === primarySet && Number.isFinite(overall))
  const shown = systems.flatMap(({ scores }) => scores.flatMap(({ overall, low, high }) => [overall, low, high]))
  const values = [...shown, ...lines.map(({ overall }) => overall)].filter(
    (value): value is number => value !== null && Number.isFinite(value),
  )
  if (values.length === 0) return html`<p class="empty">Nothing was scored.</p>`

  const lowest = Math.max(0, Math.floor(Math.min(...values) * 10 - 0.2) / 10)
  const xAt = (score: number): number => Math.round((LEFT + ((score - lowest) / (1 - lowest || 1)) * (WIDTH - LEFT - RIGHT)) * 10) / 10
  const height = TOP + systems.length * ROW + 26
  const bottom = height - 22
  const steps = Math.round((1 - lowest) * 10)
  const others = sets.map(({ name }) => name).filter((name) => name !== primarySet)

  return html`<figure class="scores">
    <svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="lwlrap on ${primarySet} with its interval">
      ${Array.from({ length: steps + 1 }, (_, i) => lowest + i / 10).map(
        (score) =>
          html`<line class="grid" x1="${xAt(score)}" x2="${xAt(score)}" y1="${TOP - 6}" y2="${bottom}" />
            <text class="tick" x="${xAt(score)}" y="${bottom + 16}" text-anchor="middle">${score.toFixed(1)}</text>`,
      )}
      ${lines.map(
        ({ name, overall }) =>
          html`<line class="reference" x1="${xAt(overall)}" x2="${xAt(overall)}" y1="${TOP - 6}" y2="${bottom}" />
            <text class="tick" x="${xAt(overall)}" y="${TOP - 12}" text-anchor="middle">${name} ${formatNumber(overall)}</text>`,
      )}
      ${systems.map((system, i) => systemRow(system, TOP + (i + 0.5) * ROW, { primarySet, others, xAt }))}
    </svg>
    <ul class="legend">
      <li>
        <svg class="key" viewBox="0 0 24 12">
          <line class="whisker" x1="1" x2="23" y1="6" y2="6" />
          <circle class="dot" cx="12" cy="6" r="4.5" /></svg
        >${primarySet}, with ${Math.round(intervalLevel * 100)} % bootstrap interval
      </li>
      ${others.map((name, i) => html`<li><svg class="key" viewBox="0 0 28 16">${otherMark(i, 14, 8)}</svg>${name}</li>`)}
    </ul>
  </figure>`
}

interface Axis {
  readonly primarySet: string
  readonly others: readonly string[]
  readonly xAt: (score: number) => number
}

function systemRow({ name, kind, scores }: ReportSystem, y: number, { primarySet, others, xAt }: Axis): Html {
  const drawn = (set: string): (ReportScore & { overall: number }) | undefined =>
    scores.find(
      (score): score is ReportScore & { overall: number } => score.set === set && score.overall !== null && Number.isFinite(score.overall),
    )
  const score = drawn(primarySet)
  return html`<g class="${kind}">
    <text class="name" x="${LEFT - 14}" y="${y + 5}" text-anchor="end">${shorten(name)}</text>
    ${score && score.low !== null && score.high !== null ? html`<line class="whisker" x1="${xAt(score.low)}" x2="${xAt(score.high)}" y1="${y}" y2="${y}" />` : null}
    ${others.map((set, i) => {
      const other = drawn(set)
      return other ? otherMark(i, xAt(other.overall), y) : null
    })}
    ${score ? html`<circle class="dot" cx="${xAt(score.overall)}" cy="${y}" r="4.5" />` : null}
    <text class="value" x="${WIDTH - RIGHT + 14}" y="${y + 5}">${formatNumber(score?.overall)}</text>
  </g>`
}

function otherMark(index: number, x: number, y: number): Html {
  if (index === 0) return html`<circle class="ring" cx="${x}" cy="${y}" r="7" />`
  return html`<rect class="ring" x="${x - 5.5}" y="${y - 5.5}" width="11" height="11" transform="rotate(45 ${x} ${y})" />`
}

function shorten(name: string): string {
  const characters = Array.from(name)
  return characters.length > 20 ? `${characters.slice(0, 19).join('')}…` : name
}
