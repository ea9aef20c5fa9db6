import { describeBackends } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
// By its path: @audiotag/backend is itself tested with this package, so it cannot be a dependency of it.
import { useWasm } from '../../backend/dist/index.js'
import { expectWholeRun } from './golden-run.js'

const runs = [
  'resnet34-w8-adam',
  'resnet34-w8-adam-1e-3',
  'resnet34-w8-sgd',
  'resnet34-w8-three-streams',
  'resnet34-w8-three-streams-bounded',
  'envnet-w8-sgd',
  'envnet-w8-sgd-1e-1',
  'envnet-w8-sgd-kl',
]

describeBackends(
  ['wasm', 'tensorflow'],
  (backend) => {
    test('the optimisers run in place', () => {
      expect(tf.getKernel('AudiotagAdam', backend)).toBeDefined()
      expect(tf.getKernel('AudiotagSgd', backend)).toBeDefined()
    })

    // With the kernels of @audiotag/backend a whole run takes less than a second and stays within PyTorch's own tolerances to its last step.
    test.each(runs)('%s: the whole run is that of PyTorch', (name) => expectWholeRun(name), 60_000)
  },
  { setup: { wasm: () => useWasm({ threads: 1 }) } },
)
