import { formatCount, formatNumber, numberCell } from './format-number.js'
import { html, type Html } from './html.js'
import { relativeLink } from './relative-link.js'
import type { ReportClip, ReportData } from './report-data.js'

/** Clips that were wrong and right: true labels and the highest scores. */
export function clipSection({ clips }: ReportData): Html {
  const { system, set, correct, wrong, shown } = clips
  const wrongClips = shown.filter(({ precision }) => !isCorrect(precision)).sort((a, b) => a.precision - b.precision)
  const rightClips = shown.filter(({ precision }) => isCorrect(precision))
  const total = correct + wrong
  return html`<section id="clips">
    <h2>Clips</h2>
    ${
      total === 0
        ? html`<p class="empty">No clips were scored.</p>`
        : html`<p>
            ${system} on ${set}: <b>${formatCount(correct)}</b> of ${formatCount(total)} clips are right (every true label ranked first),
            <b>${formatCount(wrong)}</b> are wrong.
          </p>`
    }
    ${clipTable('Wrong', wrongClips, wrong)} ${clipTable('Right', rightClips, correct)}
  </section>`
}

function isCorrect(precision: number): boolean {
  return precision > 1 - 1e-9
}

function clipTable(title: string, clips: readonly ReportClip[], count: number): Html {
  if (count === 0 && clips.length === 0)
    return html`<h3>${title}</h3>
      <p class="empty">None.</p>`
  const part = clips.length < count ? html` <small>${formatCount(clips.length)} of ${formatCount(count)} shown</small>` : null
  return html`<h3>${title}${part}</h3>
    <div class="scroll">
      <table class="clips">
        <thead>
          <tr>
            <th scope="col">clip</th>
            <th scope="col">true labels</th>
            <th scope="col">highest scores</th>
            <th scope="col" class="number">precision</th>
          </tr>
        </thead>
        <tbody>
          ${clips.map(clipRow)}
        </tbody>
      </table>
    </div>`
}

function clipRow({ name, labels, top, precision, audio }: ReportClip): Html {
  const link = audio === null ? null : relativeLink(audio)
  const player = link === null ? null : html`<audio controls="controls" preload="none" src="${link}" aria-label="${name}"></audio>`
  return html`<tr>
    <th scope="row">${name}${player}</th>
    <td>
      <ul class="labels">
        ${labels.map((label) => html`<li>${label}</li>`)}
      </ul>
    </td>
    <td>
      <ol class="top">
        ${top.map(({ label, value }) => html`<li class="${labels.includes(label) ? 'hit' : 'miss'}"><span>${label}</span> <b>${formatNumber(value)}</b></li>`)}
      </ol>
    </td>
    <td class="number">${numberCell(precision)}</td>
  </tr>`
}
