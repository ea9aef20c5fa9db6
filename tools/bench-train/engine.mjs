import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * A child process that has a net ready and makes one step when asked. What is returned can be killed before it is ready.
 *
 * @param {string} program
 * @param {string[]} commandLine
 * @param {Record<string, string>} [env] besides the environment of this process
 * @returns {Promise<{ pid: number, version: string, backend?: string, step: () => Promise<number>, end: () => void }> & { kill: () => void }} `step` gives milliseconds
 */
export function startEngine(program, commandLine, env = {}) {
  const child = spawn(program, commandLine, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  let complaint = ''
  child.stderr.on('data', (chunk) => (complaint = (complaint + chunk).slice(-2000)))
  const failed = new Promise((_, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => reject(new Error(`ended with ${signal ?? code}: ${lastError(complaint)}`)))
  })
  failed.catch(() => {}) // an end that nobody waits for is no failure
  child.stdin.on('error', () => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value } = await Promise.race([lines.next(), failed])
    return value === undefined ? failed : JSON.parse(value)
  }
  const ready = answer().then(({ version, backend }) => ({
    pid: child.pid,
    version,
    backend,
    async step() {
      child.stdin.write('step\n')
      const { ms } = await answer()
      return ms
    },
    end: () => child.stdin.end(),
  }))
  ready.catch(() => {}) // nor is a start
  return Object.assign(ready, { kill: () => child.kill('SIGKILL') })
}

/** The line of a stack trace, of Node or Python, that says what happened. */
function lastError(text) {
  const lines = text.trim().split('\n')
  return lines.findLast((line) => /^(\w*Error|Error:|\w+\.\w*Error)/.test(line)) ?? lines.at(-1)
}
