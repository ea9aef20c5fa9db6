import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

const trains = ['run', 'train', 'predict', 'ablate']

/** On wasm where a test names no backend: what else this machine has must not decide what is tested. */
export const withBackend = (args: readonly string[]): readonly string[] =>
  trains.includes(args[0]) && !args.includes('--backend') && !args.includes('--help') ? [...args, '--backend', 'wasm'] : args

/** Starts the built program as a user would; `done` resolves when it and its output have ended. */
export function startProgram(...args: string[]): { child: ChildProcess; done: Promise<Finished> } {
  const child = spawn(process.execPath, [program, ...withBackend(args)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Some drivers of WebGPU complain where there is no folder of the session.
    env: { XDG_RUNTIME_DIR: tmpdir(), ...process.env, NO_COLOR: '1' },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const done = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  return { child, done }
}

export const runProgram = (...args: string[]): Promise<Finished> => startProgram(...args).done
