import { formatCount, formatDuration, formatNumber, NO_NUMBER, numberCell } from './format-number.js'
import { html, type Html } from './html.js'
import { networkSentence, widthText } from './network-sentence.js'
import { relativeLink } from './relative-link.js'
import type { ReportChoice, ReportData, ReportNetwork, ReportSetting } from './report-data.js'

/** Every setting: networks beside the paper's, what cross-validation chose, the configuration, the machine, the stages, the files. */
export function settingsSection(data: ReportData): Html {
  return html`<section id="settings">
    <h2>Settings</h2>
    ${networks(data.networks)} ${choice(data.choice)} ${dataSet(data)}
    <h3>Configuration</h3>
    ${
      data.settings.length === 0
        ? html`<p class="empty">No settings were recorded.</p>`
        : data.settings.map(
            (group) =>
              html`<details open="open">
                <summary>${group.title}</summary>
                ${settingTable(group.settings)}
              </details>`,
          )
    }
    <h3>Machine, versions and seeds</h3>
    ${settingTable(data.environment)} ${stages(data)} ${files(data)}
  </section>`
}

/** Says in a sentence how far the networks are from the paper's, then lists them. */
function networks(list: readonly ReportNetwork[]): Html {
  const sentence = networkSentence(list)
  const reduced = list.some(({ width, slice, paperSlice }) => width !== 1 || slice !== paperSlice)
  return html`<h3>Networks</h3>
    <p class="${reduced ? 'verdict neutral' : ''}">${sentence}</p>
    ${
      list.length === 0
        ? null
        : html`<div class="scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">model</th>
                  <th scope="col">architecture</th>
                  <th scope="col" class="number">width</th>
                  <th scope="col" class="number">parameters</th>
                  <th scope="col" class="number">paper's parameters</th>
                  <th scope="col" class="number">slice</th>
                  <th scope="col" class="number">paper's slice</th>
                  <th scope="col">heads</th>
                </tr>
              </thead>
              <tbody>
                ${list.map(
                  ({ model, architecture, width, parameters, paperParameters, slice, paperSlice, sliceUnit, heads }) =>
                    html`<tr>
                      <th scope="row">${model}</th>
                      <td>${architecture}</td>
                      <td class="number">${widthText(width)}</td>
                      <td class="number">${formatCount(parameters)}</td>
                      <td class="number">${formatCount(paperParameters)}</td>
                      <td class="number">${formatCount(slice)} ${sliceUnit}</td>
                      <td class="number">${formatCount(paperSlice)} ${sliceUnit}</td>
                      <td>${heads.join(', ')}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }`
}

function choice(chosen: ReportChoice | null): Html {
  if (chosen === null)
    return html`<h3>Ensemble</h3>
      <p class="empty">Nothing was chosen: the weights are set by the configuration.</p>`
  return html`<h3>Chosen by cross-validation</h3>
    <p>
      Weights, cycles and pads were chosen on out-of-fold predictions; test labels had no part in it. Nested cross-validation estimates the
      choice at <b>${numberCell(chosen.estimate)}</b>; on the very clips it was chosen on it has ${numberCell(chosen.score)}, and equal
      weights without choosing have ${numberCell(chosen.plain)}.
    </p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">model</th>
            <th scope="col" class="number">weight</th>
            <th scope="col">cycles</th>
            <th scope="col">pads on each side</th>
            <th scope="col" class="number">alone, nested</th>
          </tr>
        </thead>
        <tbody>
          ${chosen.models.map(
            ({ model, weight, cycles, pads, padUnit, estimate }) =>
              html`<tr>
                <th scope="row">${model}</th>
                <td class="number">${formatCount(weight)}</td>
                <td>${weight === 0 ? 'left out' : cycles.join(', ')}</td>
                <td>${weight === 0 ? '–' : padText(pads, padUnit)}</td>
                <td class="number">${numberCell(estimate)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`
}

function padText(pads: readonly number[], unit: string): string {
  if (pads.every((pad) => pad === 0)) return 'none'
  return `${pads.map((pad) => formatCount(pad)).join(', ')} ${unit}`
}

function dataSet({ data }: ReportData): Html {
  return html`<h3>Data</h3>
    ${
      data.length === 0
        ? html`<p class="empty">No data were recorded.</p>`
        : html`<div class="scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">part</th>
                  <th scope="col" class="number">clips</th>
                  <th scope="col" class="number">minutes</th>
                  <th scope="col" class="number">labels a clip</th>
                  <th scope="col">labels</th>
                </tr>
              </thead>
              <tbody>
                ${data.map(
                  ({ name, clips, minutes, labelsPerClip, about }) =>
                    html`<tr>
                      <th scope="row">${name}</th>
                      <td class="number">${formatCount(clips)}</td>
                      <td class="number">${formatNumber(minutes, 1)}</td>
                      <td class="number">${formatNumber(labelsPerClip, 2)}</td>
                      <td>${about}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }`
}

function settingTable(settings: readonly ReportSetting[]): Html {
  if (settings.length === 0) return html`<p class="empty">None.</p>`
  return html`<div class="scroll">
    <table class="settings">
      <tbody>
        ${settings.map(
          ({ name, value, note }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td><code>${settingText(value)}</code></td>
              <td>${note}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

function settingText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === undefined) return NO_NUMBER
  // Strings inside keep no line breaks: JSON writes them as \n.
  return JSON.stringify(value, null, 1).replace(/\n */g, ' ')
}

function stages({ stages: list }: ReportData): Html {
  if (list.length === 0) return html``
  const total = list.reduce((sum, { seconds }) => sum + (Number.isFinite(seconds) ? seconds : 0), 0)
  return html`<h3>Stages</h3>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">stage</th>
            <th scope="col" class="number">time</th>
            <th scope="col">what</th>
          </tr>
        </thead>
        <tbody>
          ${list.map(
            ({ name, seconds, about }) =>
              html`<tr>
                <th scope="row">${name}</th>
                <td class="number"><data value="${seconds}">${formatDuration(seconds)}</data></td>
                <td>${about}</td>
              </tr>`,
          )}
          <tr class="total">
            <th scope="row">together</th>
            <td class="number">${formatDuration(total)}</td>
            <td></td>
          </tr>
        </tbody>
      </table>
    </div>`
}

function files({ files: list }: ReportData): Html {
  if (list.length === 0) return html``
  return html`<h3>Files</h3>
    <ul class="files">
      ${list.map(({ path, about }) => {
        const link = relativeLink(path)
        return html`<li>${link === null ? html`<code>${path}</code>` : html`<a href="${link}"><code>${path}</code></a>`} ${about}</li>`
      })}
    </ul>`
}
