import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Ended {
  /** `null` where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a script of fixtures/ in a process of its own; killed after two minutes. */
export function runFixture(script: string, ...args: readonly string[]): Promise<Ended> {
  const file = fileURLToPath(new URL(`fixtures/${script}`, import.meta.url))
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { timeout: 120_000 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : null) : 0
      resolve({ code, stdout, stderr })
    })
  })
}

/** The JSON in the last line of what such a script prints. It must end by itself. */
export async function resultOfFixture<T>(script: string, ...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await runFixture(script, ...args)
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout.split('\n').at(-1) ?? '') as T
}
