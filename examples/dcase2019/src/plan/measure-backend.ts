import { fork } from 'node:child_process'
import { join } from 'node:path'
import { programFolder } from '../config/load-config.js'
import type { ModelSettings } from '../config/schema.js'
import type { MeasuredSpeed } from './measured-speed.js'

/** What a measuring process is to do. */
export interface MeasureRequest {
  /** Of the backend. */
  readonly name: string
  readonly threads: number
  readonly networks: readonly Pick<ModelSettings, 'architecture' | 'width' | 'slice' | 'batch'>[]
  /** What all networks together may take. */
  readonly budgetSeconds: number
  /** Every network; else as many as there is time for, at least one. */
  readonly all: boolean
}

/** What a measuring process tells. */
export type MeasureAnswer =
  | { readonly type: 'started'; readonly reason: string; readonly threads: number; readonly simd: string }
  | { readonly type: 'speed'; readonly index: number; readonly speed: MeasuredSpeed }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly reason: string }

/** A backend that started, with what was measured before its time was up. */
export interface MeasuredBackend {
  /** What the backend says about itself. */
  readonly started: { readonly reason: string; readonly threads: number; readonly simd: string }
  /** By place among the request's networks; at least one, the first ones. */
  readonly speeds: readonly MeasuredSpeed[]
}

/** When a measuring process is given up. */
export interface MeasureLimits {
  /** What loading a backend may take. */
  readonly startSeconds: number
  /** Times the budget: a step that was begun within it may end after it. */
  readonly budgetFactor: number
}

const usualLimits: MeasureLimits = { startSeconds: 30, budgetFactor: 2 }

/**
 * Measures a backend in a process of its own, so that it neither disturbs the others nor stops this program, whatever it does: a process that crashes, hangs or
 * prints is a backend that was not measured.
 *
 * @throws Error with the reason where nothing was measured
 */
export function measureBackend(request: MeasureRequest, limits = usualLimits): Promise<MeasuredBackend> {
  return new Promise((resolve, reject) => {
    const file = join(programFolder, 'dist/plan/measure-process.js')
    const child = fork(file, [JSON.stringify(request)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    const limit = limits.startSeconds + limits.budgetFactor * request.budgetSeconds
    const speeds: MeasuredSpeed[] = []
    let started: MeasuredBackend['started'] | undefined
    let failure: string | undefined
    let complaint = ''
    const timer = setTimeout(() => {
      failure = `${started ? 'no step ended' : 'it did not start'} within ${limit} s`
      child.kill('SIGKILL')
    }, limit * 1000)
    child.stderr!.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)))
    child.on('message', (message: MeasureAnswer) => {
      if (message.type === 'started') started = { reason: message.reason, threads: message.threads, simd: message.simd }
      if (message.type === 'speed') speeds.push(message.speed)
      if (message.type === 'failed') failure = message.reason
    })
    child.on('error', (error) => (failure ??= error.message))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (started && speeds.length > 0) resolve({ started, speeds })
      else reject(new Error(failure ?? `its process ended with ${signal ?? `exit ${code}`}: ${complaint.trim() || 'no message'}`))
    })
  })
}
