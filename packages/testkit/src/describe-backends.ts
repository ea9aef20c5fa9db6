import { createRequire } from 'node:module'
import path from 'node:path'
import { beforeAll, describe } from 'vitest'

import { softwareVulkan } from './software-vulkan.js'
import { testDevice } from './test-device.js'

/** Registers a backend and makes it current in TensorFlow.js. Throws, with the reason, where it cannot. */
export type BackendSetup = () => unknown

/** What `describeBackends` may be told. */
export interface DescribeBackendsOptions {
  /** Own ways to set a backend up, by name; they come before the stock ones for `cpu` and `wasm`, and those of `@audiotag/backend` for `tensorflow` and `webgpu`. */
  readonly setup?: Readonly<Record<string, BackendSetup>>
}

interface OwnBackends {
  readonly useTensorFlow: (options: object) => Promise<unknown>
  readonly useWebGpu: () => Promise<unknown>
}

/** By its path: @audiotag/backend is itself tested with this kit, so it cannot be a dependency of it. */
const ownBackends = async () => (await import(new URL('../../backend/dist/index.js', import.meta.url).href)) as OwnBackends

const stock: Record<string, BackendSetup> = {
  cpu: () => import('@tensorflow/tfjs-backend-cpu'),
  wasm: async () => {
    const wasm = await import('@tensorflow/tfjs-backend-wasm')
    const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')
    wasm.setWasmPaths(`${path.dirname(main)}${path.sep}`)
  },
  tensorflow: async () => {
    const { useTensorFlow } = await ownBackends()
    await useTensorFlow({ device: testDevice })
  },
  webgpu: async () => {
    softwareVulkan()
    const { useWebGpu } = await ownBackends()
    await useWebGpu()
  },
}

async function makeCurrent(name: string): Promise<void> {
  const tf = await import('@tensorflow/tfjs-core') // lazy: packages without tensors use this kit too
  if (tf.getBackend() !== name && !(await tf.setBackend(name))) throw new Error(`tf.setBackend('${name}') gave false`)
  await tf.ready()
}

async function start(name: string, setup: BackendSetup): Promise<void> {
  const tf = await import('@tensorflow/tfjs-core')
  tf.enableProdMode() // no advert for tfjs-node
  await setup()
  await makeCurrent(name)
}

/** They come with npm and run anywhere: not starting is a failure, not a reason to skip. */
const always = ['cpu', 'wasm']

/**
 * Registers the same suite once for each backend that starts here. `cpu` and `wasm` must start; any other is skipped with one
 * printed line that says why.
 *
 * @param names TensorFlow.js backend names, e.g. `['cpu', 'wasm', 'webgpu']`
 * @param fn    called once a backend, at collection; registers tests, which then run with that backend current
 * @throws Error (as a failed suite) when `cpu` or `wasm` does not start, or nothing would run
 */
export function describeBackends(names: readonly string[], fn: (backendName: string) => void, options: DescribeBackendsOptions = {}): void {
  const setups: Readonly<Record<string, BackendSetup>> = { ...stock, ...options.setup }
  describe('backends', async () => {
    const ran: string[] = []
    for (const name of names) {
      try {
        if (setups[name] === undefined) throw new Error('no setup was given')
        await start(name, setups[name])
      } catch (error) {
        if (always.includes(name)) throw new Error(`describeBackends: ${name} did not start`, { cause: error })
        process.stdout.write(`backend ${name}: skipped, ${error instanceof Error ? error.message : String(error)}\n`)
        continue
      }
      ran.push(name)
      describe(name, () => {
        beforeAll(() => makeCurrent(name), 60_000)
        fn(name)
      })
    }
    if (ran.length === 0) throw new Error(`describeBackends: nothing would run: none of [${names.join(', ')}] started`)
  })
}
