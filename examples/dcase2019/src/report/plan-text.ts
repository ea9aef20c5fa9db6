import { isInProcess } from '../plan/is-in-process.js'
import { heapLimit } from '../plan/model-memory.js'
import type { Plan, PlannedModel } from '../stages/plan.js'

/** A plan for people: a table of models, then totals in plain units. */
export function planText(plan: Plan): string {
  const { models, data, diskBytes: disk, backends, jobs } = plan
  const measured = backends.filter((backend) => 'measured' in backend)
  const taken = measured[0]?.name
  const row = (model: PlannedModel): string[] => [
    model.name,
    `${model.architecture}${model.width === 1 ? '' : ` × ${Number(model.width.toFixed(4))}`}`,
    `${model.folds.length}`,
    whole(model.steps / model.folds.length),
    whole(model.steps),
    scaled(model.clipsTrained),
    operations(model.flopsPerStep),
    operations(model.flops),
    model.predictions === 0 ? '–' : `${model.predictions}`,
    `${bytes(model.peakMemoryBytes)}${model.fits ? '' : ' !'}`,
    ...(taken === undefined ? [] : [duration(model.seconds[taken].training), duration(model.seconds[taken].prediction)]),
  ]
  const head = ['model', 'network', 'folds', 'updates/fold', 'updates', 'clips seen', 'FLOP/update', 'FLOP', 'predictions', 'memory']
  const table = aligned([[...head, ...(taken === undefined ? [] : ['training', 'prediction'])], ...models.map(row)])
  const { clips, hours } = data
  const source =
    data.source === 'folder' ? `of ${data.folder}` : 'as the makers of FSDKaggle2019 state them, since no folder is given (--data DIR)'
  const parts = (['curated', 'noisy', 'test'] as const).map((split) => `${whole(clips[split])} ${split} (${hours[split].toFixed(1)} h)`)
  const facts: [string, string][] = [
    ['data', `${parts.join(', ')} clips, ${data.classes} classes: ${source}`],
    ['updates', whole(plan.steps)],
    [
      'operations',
      `${operations(plan.flops)} FLOP: multiplications and additions of convolutions and linear layers, forward and backward, and of predictions`,
    ],
    [
      'predictions',
      `${whole(plan.predictions)} a test clip are made, the ensemble ${plan.averaged === plan.predictions ? 'averages them' : `averages ${whole(plan.averaged)}`}`,
    ],
    [
      'disk',
      `${bytes(disk.total)}: log-mels ${bytes(disk.logmel)}, waveforms ${bytes(disk.waveform)}, snapshots ${bytes(disk.snapshots)}, checkpoints ${bytes(disk.checkpoints)}, ` +
        `predictions ${bytes(disk.predictions)}, pseudo labels ${bytes(disk.pseudoLabels)}`,
    ],
    [
      'memory',
      `${bytes(plan.memoryBytes)} for ${count(jobs, 'process', 'processes')}; this machine has ${bytes(plan.machineMemoryBytes)}` +
        (plan.memoryBytes > plan.machineMemoryBytes ? ': lower --jobs or batch' : ''),
    ],
    ...models.filter(({ fits }) => !fits).map((model): [string, string] => ['! too large', tooLarge(model)]),
    ...backends.flatMap((backend): [string, string][] => {
      if ('reason' in backend) return [[backend.name, backend.reason]]
      const processes = `${count(jobs, 'process', 'processes')} of ${count(plan.threads, 'thread', 'threads')}`
      return [
        [backend.name, `${duration(backend.seconds)} with ${processes}`],
        ...backend.measured.map((measured): [string, string] => ['', speedText(plan, backend.name, measured)]),
      ]
    }),
  ]
  const label = Math.max(...facts.map(([name]) => name.length))
  return [
    `${plan.config}, preset ${plan.preset}: ${plan.about}`,
    '',
    table,
    '',
    ...facts.map(([name, text]) => `${name.padEnd(label)}  ${text}`),
  ].join('\n')
}

type Measured = Extract<Plan['backends'][number], { measured: unknown }>['measured'][number]

function speedText({ models, threads }: Plan, backend: string, { network, width, batch, length, ...measured }: Measured): string {
  const { flopsPerSecond, seconds, processorSeconds } = measured
  const whose = models.find((model) => network.startsWith(model.architecture) && model.width === width)
  const size = `${count(batch, 'clip', 'clips')} of ${whole(length)}${whose ? '' : ` at width ${Number(width.toFixed(4))} (the real one is faster)`}`
  const busy = threads === 1 && isInProcess(backend) && processorSeconds < 0.7 * seconds
  const note = busy ? `, ${processorSeconds.toFixed(2)} s of it on the processor: other programs held it, the times are without them` : ''
  return `${operations(flopsPerSecond)} FLOP/s, ${network}: a step of ${size} took ${seconds.toFixed(2)} s${note}`
}

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`

function tooLarge({ name, heapBytes, batch, largestBatch }: PlannedModel): string {
  const wayOut =
    largestBatch > 1 ? `Lower its batch from ${batch} to ${largestBatch} or less, all streams alike.` : 'Lower its slice or width.'
  return `model ${name} needs ${bytes(heapBytes)} of a WebAssembly heap, which gives ${bytes(heapLimit)}. ${wayOut}`
}

/** Columns, the first two to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US')

/** `12,345`, `1.23 M`. */
const scaled = (value: number): string => (value < 1e6 ? whole(value) : `${Number((value / 1e6).toPrecision(3))} M`)

/** `1.23 T`: three digits and the SI prefix. */
function operations(value: number): string {
  const prefixes = ['', ' k', ' M', ' G', ' T', ' P', ' E', ' Z']
  const power = value < 1 ? 0 : Math.min(prefixes.length - 1, Math.floor(Math.log10(value) / 3))
  return `${Number((value / 1000 ** power).toPrecision(3))}${prefixes[power]}`
}

/** `1.2 GB`, powers of ten as disks have them. */
function bytes(value: number): string {
  if (value < 1e6) return `${Math.ceil(value / 1e3)} kB`
  return value < 1e9 ? `${Math.round(value / 1e6)} MB` : `${(value / 1e9).toFixed(1)} GB`
}

/** `20 s`, `5 min`, `3.2 h`, `12 days`, `3 years`. */
function duration(seconds: number): string {
  if (seconds === 0) return '–'
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${(seconds / 3600).toFixed(1)} h`
  const days = seconds / 86_400
  return days < 700 ? `${days < 10 ? days.toFixed(1) : Math.round(days)} days` : `${(days / 365.25).toFixed(1)} years`
}
