import type { RunFolder } from '../run/run-folder.js'
import type { StageOptions } from './stage-options.js'

/** Command line of a stage for one model and fold, to run in a process of its own; `more`: flags of that command. */
export function jobArguments(
  command: 'train' | 'predict',
  run: RunFolder,
  options: StageOptions,
  model: string,
  fold: number,
  more: readonly string[] = [],
): string[] {
  const { backend, threads, jobs, workers } = options
  const perProcess = Math.max(workers === 0 ? 0 : 1, Math.floor(workers / jobs))
  return [
    command,
    '--run',
    run.path,
    '--model',
    model,
    '--fold',
    String(fold),
    '--backend',
    backend,
    '--threads',
    String(threads),
    '--workers',
    String(perProcess),
    ...more,
  ]
}
