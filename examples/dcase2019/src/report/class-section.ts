import { formatCount, formatNumber, numberCell } from './format-number.js'
import { html, type Html } from './html.js'
import type { ReportData, ReportSystem } from './report-data.js'

/** lwlrap of every class on `primarySet`, the hardest for the ensemble first. */
export function classSection({ classes, systems, primarySet }: ReportData): Html {
  const perClass = (system: ReportSystem): readonly (number | null)[] => system.scores.find(({ set }) => set === primarySet)?.perClass ?? []
  const shown = systems.filter((system) => perClass(system).length > 0)
  if (classes.length === 0 || shown.length === 0) {
    return html`<section id="classes">
      <h2>Classes</h2>
      <p class="empty">No scores per class were recorded.</p>
    </section>`
  }
  const leading = shown.findLast(({ kind }) => kind === 'ensemble') ?? shown[shown.length - 1]
  const scoreOf = (place: number): number => perClass(leading)[place] ?? Infinity
  const order = classes.map((_, place) => place).sort((a, b) => scoreOf(a) - scoreOf(b) || a - b)
  return html`<section id="classes">
    <h2>Classes</h2>
    <p>
      lwlrap on ${primarySet}; the hardest for ${leading.name} first. Weight is a class's share of all labels: the overall score is the
      weighted sum.
    </p>
    <div class="scroll">
      <table class="classes">
        <thead>
          <tr>
            <th scope="col">class</th>
            <th scope="col" class="number">positives</th>
            <th scope="col" class="number">weight</th>
            ${shown.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${order.map(
            (place) =>
              html`<tr>
                <th scope="row">${classes[place].label}</th>
                <td class="number">${formatCount(classes[place].positives)}</td>
                <td class="number">${numberCell(classes[place].weight)}</td>
                ${shown.map((system) => scoreCell(perClass(system)[place]))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`
}

/** A bar behind the number, as long as the score. */
function scoreCell(score: number | null | undefined): Html {
  if (typeof score !== 'number' || !Number.isFinite(score)) return html`<td class="number">–</td>`
  return html`<td class="number bar" style="--score: ${formatNumber(Math.min(1, Math.max(0, score)) * 100, 1)}%">${numberCell(score)}</td>`
}
