import { execFile } from 'node:child_process'

/** How a command ended. */
export interface Ended {
  /** Its exit code; -1 when it was killed, undefined when there is no such command. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end. Never throws. */
export function runCommand(command: string, args: readonly string[], cwd?: string): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(command, [...args], { maxBuffer: 1 << 26, ...(cwd !== undefined && { cwd }) }, (error, stdout, stderr) => {
      const { code = 0 } = (error ?? {}) as { code?: unknown }
      if (code === 'ENOENT') resolve({ code: undefined, stdout, stderr })
      else resolve({ code: error ? (typeof code === 'number' ? code || -1 : -1) : 0, stdout, stderr })
    })
  })
}

/** The last lines of what a command said. */
export function lastLines({ stdout, stderr }: Ended, count = 12): string {
  return (stderr.trim() || stdout.trim()).split('\n').slice(-count).join('\n')
}
