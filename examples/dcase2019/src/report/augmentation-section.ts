import { formatNumber } from './format-number.js'
import { html, type Html } from './html.js'
import { inputFigure } from './input-figure.js'
import type { ReportAugmentation, ReportData, ReportLabel } from './report-data.js'

/** What the networks see: examples before and after augmentation. */
export function augmentationSection({ augmentations }: ReportData): Html {
  return html`<section id="augmentation">
    <h2>Before and after augmentation</h2>
    ${
      augmentations.length === 0
        ? html`<p class="empty">No examples were kept.</p>`
        : html`<p>Of a few dozen draws each, the one in which most steps happened; in training each step has its own chance.</p>
            ${augmentations.map(example)}`
    }
  </section>`
}

function example({ clip, stream, before, after, draws, labelsBefore, labelsAfter }: ReportAugmentation): Html {
  return html`<article class="example">
    <h3>${clip} <small>${stream} stream</small></h3>
    <div class="pair">${inputFigure(before, 'before')}${inputFigure(after, 'after')}</div>
    <dl>
      <dt>labels before</dt>
      <dd>${labelList(labelsBefore)}</dd>
      <dt>labels after</dt>
      <dd>${labelList(labelsAfter)}</dd>
      <dt>drawn</dt>
      <dd>
        ${
          draws.length === 0
            ? 'nothing'
            : html`<ul class="draws">
                ${draws.map((draw) => html`<li>${draw}</li>`)}
              </ul>`
        }
      </dd>
    </dl>
  </article>`
}

function labelList(labels: readonly ReportLabel[]): Html {
  if (labels.length === 0) return html`none`
  return html`<ul class="labels">
    ${labels.map(({ label, value }) => html`<li>${label} <b>${formatNumber(value, 2)}</b></li>`)}
  </ul>`
}
