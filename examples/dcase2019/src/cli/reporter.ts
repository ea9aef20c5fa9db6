import type { ProgramEvent, Report } from '../run/events.js'
import { colors } from './colors.js'

/**
 * Shows events on stderr: one moving line a stage on a terminal, plain lines when piped; JSON lines on stdout with `json`; only warnings with `quiet`.
 */
export function createReporter(options: { readonly json: boolean; readonly quiet: boolean }): Report {
  if (options.json) return (event) => void process.stdout.write(`${JSON.stringify(event)}\n`)
  if (options.quiet) return (event) => (event.type === 'warning' ? printLine(`warning: ${event.message}`) : undefined)
  return process.stderr.isTTY ? terminalReporter() : plainReporter()
}

const clock = () => performance.now() / 1000

/** Rate and remaining time of counted work. */
function createEta(): (done: number, total: number) => { perSecond: number; left: string } {
  const start = clock()
  let first: number | undefined
  return (done, total) => {
    first ??= done
    const perSecond = (done - first) / Math.max(1e-9, clock() - start)
    return { perSecond, left: perSecond > 0 ? duration((total - done) / perSecond) : '–' }
  }
}

/** `95` → `1:35`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor(whole / 60) % 60
  const rest = String(whole % 60).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`
}

/** Adds up the progress of processes that share a stage. */
function createSum(): (event: { readonly part?: number; readonly done: number; readonly total: number }) => {
  done: number
  total: number
} {
  const parts = new Map<number, { done: number; total: number }>()
  return ({ part = 0, done, total }) => {
    parts.set(part, { done, total })
    const all = [...parts.values()]
    return { done: all.reduce((sum, each) => sum + each.done, 0), total: all.reduce((sum, each) => sum + each.total, 0) }
  }
}

interface JobState {
  readonly model: string
  readonly fold: number
  readonly epoch: number
  readonly epochs: number
  readonly loss: number
  readonly clipsPerSecond: number
}

const describeJob = (job: JobState) => `fold ${job.fold} epoch ${job.epoch}/${job.epochs} loss ${job.loss.toFixed(3)}`

function terminalReporter(): Report {
  let eta = createEta()
  let sum = createSum()
  let jobs = new Map<number, JobState>()
  let line = ''
  const show = (text: string) => {
    const width = Math.max(20, (process.stderr.columns || 80) - 1)
    line = text.length > width ? `${text.slice(0, width - 1)}…` : text
    process.stderr.write(`\r\u001B[2K${line}`)
  }
  const print = (text: string) => {
    process.stderr.write(`\r\u001B[2K${text}\n${line}`)
  }
  return (event) => {
    switch (event.type) {
      case 'stage':
        line = ''
        if (event.state === 'started') {
          eta = createEta()
          sum = createSum()
          jobs = new Map()
          show(`${event.stage} …`)
        } else print(stageLine(event))
        return
      case 'progress': {
        const { done, total } = sum(event)
        const { perSecond, left } = eta(done, total)
        show(`${event.stage}  ${bar(done / total)} ${done}/${total} ${event.unit}  ${perSecond.toFixed(0)} ${event.unit}/s  ${left} left`)
        return
      }
      case 'epoch': {
        jobs.set(event.fold, { ...event, loss: event.losses['total'] ?? Number.NaN })
        const all = [...jobs.values()]
        const done = all.reduce((sum, job) => sum + job.epoch, 0)
        const total = all.reduce((sum, job) => sum + job.epochs, 0)
        const speed = all.reduce((sum, job) => sum + (job.epoch < job.epochs ? job.clipsPerSecond : 0), 0)
        show(
          `train ${event.model}  ${bar(done / total)} ${all.map(describeJob).join(' · ')}  ${speed.toFixed(0)} clips/s  ${eta(done, total).left} left`,
        )
        return
      }
      case 'warning':
        print(colors.yellow(`warning: ${event.message}`))
        return
      default:
    }
  }
}

const printLine = (text: string) => void process.stderr.write(`${text}\n`)

function plainReporter(): Report {
  let eta = createEta()
  let sum = createSum()
  let quarter = 0
  return (event) => {
    switch (event.type) {
      case 'stage':
        if (event.state === 'started') {
          eta = createEta()
          sum = createSum()
          quarter = 0
          printLine(`${event.stage} …`)
        } else printLine(stageLine(event))
        return
      case 'progress': {
        const { done, total } = sum(event)
        const { perSecond, left } = eta(done, total)
        const reached = Math.floor((4 * done) / total)
        if (reached <= quarter) return
        quarter = reached
        printLine(`  ${done}/${total} ${event.unit}, ${perSecond.toFixed(0)}/s, ${left} left`)
        return
      }
      case 'epoch': {
        const every = Math.max(1, Math.floor(event.epochs / 8))
        if (event.epoch % every !== 0 && event.epoch !== event.epochs) return
        const left = event.fold === 0 ? `, ${eta(event.epoch, event.epochs).left} left` : ''
        printLine(
          `  ${event.model} ${describeJob({ ...event, loss: event.losses['total'] ?? Number.NaN })}, ${event.clipsPerSecond.toFixed(0)} clips/s${left}`,
        )
        return
      }
      case 'validation':
        printLine(`  ${event.model} fold ${event.fold} epoch ${event.epoch}: held-out lwlrap ${event.lwlrap.toFixed(3)}`)
        return
      case 'warning':
        printLine(`warning: ${event.message}`)
        return
      default:
    }
  }
}

function bar(share: number): string {
  const cells = 16
  const full = Math.round(Math.min(1, Math.max(0, share)) * cells)
  return `[${'█'.repeat(full)}${'·'.repeat(cells - full)}]`
}

function stageLine(event: Extract<ProgramEvent, { type: 'stage' }>): string {
  const mark = event.state === 'already done' ? colors.dim('=') : colors.green('✓')
  const note = event.note === undefined ? '' : `: ${event.note}`
  const time = event.seconds === undefined ? '' : colors.dim(` (${duration(event.seconds)})`)
  return `${mark} ${event.stage}${event.state === 'already done' ? ' already done' : ''}${note}${time}`
}
