import { startBackend } from '../run/start-backend.js'
import type { MeasureAnswer, MeasureRequest } from './measure-backend.js'
import { isInProcess } from './is-in-process.js'
import { measureSpeed } from './measured-speed.js'

/* The process that `measureBackend` starts: one backend, the networks it is told, an answer after each. */

const { name, threads, networks, budgetSeconds, all } = JSON.parse(process.argv[2]) as MeasureRequest
const answer = (message: MeasureAnswer): Promise<void> => new Promise((resolve) => process.send!(message, () => resolve()))

process.on('disconnect', () => process.exit(1)) // the parent is gone
try {
  const { reason, threads: running, simd } = await startBackend(name, threads)
  await answer({ type: 'started', reason, threads: running, simd })
  const options = { oneThread: running === 1 && isInProcess(name), slow: name === 'cpu' }
  const start = performance.now()
  const each = budgetSeconds / networks.length
  for (const [index, network] of networks.entries()) {
    if (!all && index > 0 && budgetSeconds - (performance.now() - start) / 1000 < each) break
    await answer({ type: 'speed', index, speed: await measureSpeed(network, { budgetSeconds: each, ...options }) })
  }
  await answer({ type: 'done' })
  process.exit(0) // whatever threads and devices the backend still holds
} catch (error) {
  await answer({ type: 'failed', reason: (error as Error).message })
  process.exit(1)
}
