// What is bundled: jasmine's globals, all operations and gradients, one backend, then TensorFlow.js's specs. The order counts.
import { environment } from './environment.js'
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops'
import '@tensorflow/tfjs-core/dist/register_all_gradients'
import { start } from 'conformance:backend'
import '@tensorflow/tfjs-core/dist/tests'

/** Runs every spec; resolves to them, `{ name, status, messages }` in order, and to what the backend says of its device. Names that occur more than once are numbered. */
export async function runSpecs(options) {
  const device = (await start(options)) ?? ''
  const specs = []
  const seen = new Map()
  environment.addReporter({
    specDone({ fullName, status, failedExpectations }) {
      const count = (seen.get(fullName) ?? 0) + 1
      seen.set(fullName, count)
      specs.push({
        name: count === 1 ? fullName : `${fullName} (${count})`,
        status,
        messages: failedExpectations.map(({ message }) => message),
      })
    },
    suiteDone({ fullName, failedExpectations }) {
      for (const { message } of failedExpectations) specs.push({ name: `${fullName} (set-up)`, status: 'failed', messages: [message] })
    },
  })
  environment.configure({ random: false })
  await environment.execute()
  return { specs, device }
}
