import { formatNumber, numberCell } from './format-number.js'
import { html, type Html } from './html.js'
import { lineChart, type ChartSeries } from './line-chart.js'
import type { ReportData, ReportEpoch, ReportRun } from './report-data.js'

/** Losses by stream, validation lwlrap and learning rate, one row a model. */
export function trainingSection({ runs }: ReportData): Html {
  const models = [...new Set(runs.map(({ model }) => model))]
  return html`<section id="training">
    <h2>Training</h2>
    ${
      models.length === 0
        ? html`<p class="empty">No training was recorded.</p>`
        : html`<p>
              Pale lines are single folds, strong ones their mean. Upright dashes are snapshots, taken at the end of each cosine cycle.
            </p>
            ${models.map((model) =>
              modelTraining(
                model,
                runs.filter((run) => run.model === model),
              ),
            )}`
    }
  </section>`
}

function modelTraining(model: string, runs: readonly ReportRun[]): Html {
  const streams = [...new Set(runs.flatMap((run) => run.streams))]
  const marks = [...new Set(runs.flatMap(({ snapshots }) => snapshots))]
  const losses = streams.flatMap((stream, i) =>
    withMean(
      stream,
      i + 1,
      runs.map((run) => lossesOf(run, stream)),
      runs,
    ),
  )
  const validation = withMean('mean of folds', 1, runs.map(validationOf), runs)
  const rates: ChartSeries[] = runs.slice(0, 1).map((run) => ({ label: 'learning rate', color: 1, points: ratesOf(run) }))
  return html`<section class="model">
    <h3>${model}</h3>
    <div class="charts">
      ${lineChart({ title: 'Loss', xLabel: 'epoch', series: losses, marks, yRange: [0, 0] })}
      ${lineChart({ title: 'Validation lwlrap', xLabel: 'epoch', series: validation, marks })}
      ${lineChart({ title: 'Learning rate', xLabel: 'epoch', series: rates, marks, yRange: [0, 0] })}
    </div>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">fold</th>
            <th scope="col" class="number">epochs</th>
            ${streams.map((stream) => html`<th scope="col" class="number">last ${stream} loss</th>`)}
            <th scope="col" class="number">last lwlrap</th>
            <th scope="col" class="number">best lwlrap</th>
            <th scope="col" class="number">at epoch</th>
          </tr>
        </thead>
        <tbody>
          ${runs.map((run) => runRow(run, streams))}
        </tbody>
      </table>
    </div>
  </section>`
}

function runRow(run: ReportRun, streams: readonly string[]): Html {
  const last = run.epochs.at(-1)
  const measured = run.epochs.filter(
    (epoch): epoch is ReportEpoch & { validation: number } => epoch.validation !== null && Number.isFinite(epoch.validation),
  )
  const best = measured.reduce<(ReportEpoch & { validation: number }) | undefined>(
    (a, b) => (a === undefined || b.validation > a.validation ? b : a),
    undefined,
  )
  return html`<tr>
    <th scope="row">${run.fold}</th>
    <td class="number">${run.epochs.length}</td>
    ${streams.map((stream) => html`<td class="number">${numberCell(last?.losses[run.streams.indexOf(stream)], 4)}</td>`)}
    <td class="number">${numberCell(measured.at(-1)?.validation)}</td>
    <td class="number">${numberCell(best?.validation)}</td>
    <td class="number">${formatNumber(best?.epoch, 0)}</td>
  </tr>`
}

type Point = [x: number, y: number | null]

/** One pale line a fold and their mean; a single fold is the line itself. */
function withMean(label: string, color: number, folds: readonly Point[][], runs: readonly ReportRun[]): ChartSeries[] {
  if (folds.length <= 1)
    return folds.map((points) => ({ label: label === 'mean of folds' ? `fold ${runs[0].fold}` : label, color, points: thinned(points) }))
  const faint = folds.map((points, i) => ({ label: `${label}, fold ${runs[i].fold}`, color, points: thinned(points), faint: true }))
  return [...faint, { label, color, points: thinned(meanOf(folds)) }]
}

/** Mean at each x over the folds that have a value there. */
function meanOf(folds: readonly Point[][]): Point[] {
  const byX = new Map<number, number[]>()
  for (const [x, y] of folds.flat()) {
    const values = byX.get(x) ?? []
    byX.set(x, values)
    if (y !== null && Number.isFinite(y)) values.push(y)
  }
  return [...byX]
    .sort(([a], [b]) => a - b)
    .map(([x, values]) => [x, values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length])
}

function lossesOf({ epochs, streams }: ReportRun, stream: string): Point[] {
  const place = streams.indexOf(stream)
  return epochs.map(({ epoch, losses }) => [epoch, losses[place] ?? null])
}

function validationOf({ epochs }: ReportRun): Point[] {
  // Epochs without a measurement are left out, not gaps: it may be measured at snapshots only.
  return epochs.filter(({ validation }) => validation !== null).map(({ epoch, validation }) => [epoch, validation])
}

function ratesOf({ learningRates, epochs }: ReportRun): Point[] {
  if (learningRates.length > 0) return thinned(learningRates.map(({ epoch, rate }) => [epoch, rate]))
  return epochs.map(({ epoch, learningRate }) => [epoch, learningRate])
}

const MOST_POINTS = 800

function thinned(points: Point[]): Point[] {
  if (points.length <= MOST_POINTS) return points
  const stride = Math.ceil(points.length / MOST_POINTS)
  return points.filter((_, i) => i % stride === 0 || i === points.length - 1)
}
