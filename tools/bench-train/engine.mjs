import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * A child process that has a net ready and makes one step when asked.
 *
 * @param {string} program
 * @param {string[]} commandLine
 * @returns {Promise<{ pid: number, version: string, step: () => Promise<number>, end: () => void }>} `step` gives milliseconds
 */
export async function startEngine(program, commandLine) {
  const child = spawn(program, commandLine, { stdio: ['pipe', 'pipe', 'inherit'] })
  const failed = new Promise((_, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => reject(new Error(`${program} ended with ${signal ?? code}`)))
  })
  failed.catch(() => {}) // an end that nobody waits for is no failure
  child.stdin.on('error', () => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value } = await Promise.race([lines.next(), failed])
    return value === undefined ? failed : JSON.parse(value)
  }
  const { version } = await answer()
  return {
    pid: child.pid,
    version,
    async step() {
      child.stdin.write('step\n')
      const { ms } = await answer()
      return ms
    },
    end: () => child.stdin.end(),
  }
}
