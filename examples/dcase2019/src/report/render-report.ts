import { augmentationSection } from './augmentation-section.js'
import { classSection } from './class-section.js'
import { clipSection } from './clip-section.js'
import { formatDuration, numberCell } from './format-number.js'
import { Html, html } from './html.js'
import type { ReportData } from './report-data.js'
import { scoreSection } from './score-section.js'
import { settingsSection } from './settings-section.js'
import { STYLE_SHEET } from './style-sheet.js'
import { trainingSection } from './training-section.js'

/**
 * Lays a run out as one self-contained page: no script, no request but the clips beside it, light and dark, fit to print.
 *
 * Numbers are rounded to read; each keeps all its digits in the `value` of its `<data>` element. Every string is escaped.
 *
 * @returns the text of report.html
 */
export function renderReport(data: ReportData): string {
  const page = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta http-equiv="Content-Security-Policy" content="script-src 'none'; object-src 'none'; base-uri 'none'" />
      <meta name="generator" content="dcase2019" />
      <title>${data.title}</title>
      <style>
        ${new Html(STYLE_SHEET)}
      </style>
    </head>
    <body>
      <header>
        <h1>${data.title}</h1>
        <p class="lead">${data.summary}</p>
        ${tiles(data)}
        ${
          data.notes.length === 0
            ? null
            : html`<ul class="notes">
                ${data.notes.map((note) => html`<li>${note}</li>`)}
              </ul>`
        }
        <nav aria-label="Sections">
          <ul>
            <li><a href="#scores">Scores</a></li>
            <li><a href="#training">Training</a></li>
            <li><a href="#augmentation">Augmentation</a></li>
            <li><a href="#classes">Classes</a></li>
            <li><a href="#clips">Clips</a></li>
            <li><a href="#settings">Settings</a></li>
          </ul>
        </nav>
      </header>
      <main>
        ${scoreSection(data)}${trainingSection(data)}${augmentationSection(data)}${classSection(data)}${clipSection(data)}${settingsSection(data)}
      </main>
      <footer>
        <p>
          Scores are lwlrap, label-weighted label-ranking average precision: 1 when every true label is ranked above every other class. The
          system is that of Akiyama and Sato, DCASE 2019 Task 2.
        </p>
      </footer>
    </body>
  </html>`
  return `<!DOCTYPE html>\n${page.toString()}\n`
}

/** The numbers one looks for first: each system on `primarySet`, and how long it took. */
function tiles({ systems, primarySet, stages }: ReportData): Html {
  const seconds = stages.reduce((sum, stage) => sum + (Number.isFinite(stage.seconds) ? stage.seconds : 0), 0)
  return html`<ul class="tiles">
    ${systems.map(({ name, kind, scores }) => html`<li class="${kind}"><span>${name}, ${primarySet}</span><b>${numberCell(scores.find(({ set }) => set === primarySet)?.overall)}</b></li>`)}
    ${seconds > 0 ? html`<li><span>time, all stages</span><b>${formatDuration(seconds)}</b></li>` : null}
  </ul>`
}
