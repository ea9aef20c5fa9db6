import { ensembleVerdict } from './ensemble-verdict.js'
import { formatCount, formatNumber, numberCell } from './format-number.js'
import { html, type Html } from './html.js'
import type { ReportData, ReportScore } from './report-data.js'
import { scoreChart } from './score-chart.js'

/** The scores side by side, and whether the ensemble was worth it. */
export function scoreSection(data: ReportData): Html {
  const { systems, sets, references, primarySet } = data
  const verdict = ensembleVerdict(data)
  const tone = verdict.beats === null ? 'neutral' : verdict.beats ? 'good' : 'bad'
  return html`<section id="scores">
    <h2>Scores</h2>
    <p class="verdict ${tone}">${verdict.sentence}</p>
    ${scoreChart(data)}
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">lwlrap</th>
            ${sets.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}
            <th scope="col">what it is</th>
          </tr>
        </thead>
        <tbody>
          ${systems.map(
            ({ name, kind, about, scores }) =>
              html`<tr class="${kind}">
                <th scope="row">${name}</th>
                ${sets.map(({ name: set }) => scoreCell(scores.find((score) => score.set === set)))}
                <td>${about}</td>
              </tr>`,
          )}
          ${references.map(
            ({ name, set, overall }) =>
              html`<tr class="aside">
                <th scope="row">${name}</th>
                ${sets.map((column) => (column.name === set ? html`<td class="number">${numberCell(overall)}</td>` : html`<td class="number">–</td>`))}
                <td>to compare with</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <ul class="sets">
      ${sets.map(({ name, about }) => html`<li><b>${name}</b>${name === primarySet ? ' (decides)' : ''}: ${about}</li>`)}
    </ul>
  </section>`
}

function scoreCell(score: ReportScore | undefined): Html {
  if (score === undefined) return html`<td class="number">–</td>`
  const { overall, low, high, clips } = score
  const interval = low === null || high === null ? null : html`<small>${formatNumber(low)} – ${formatNumber(high)}</small>`
  return html`<td class="number" title="${formatCount(clips)} clips">${numberCell(overall)}${interval}</td>`
}
