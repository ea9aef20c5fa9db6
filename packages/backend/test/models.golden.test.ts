import { beforeAll, describe, test } from 'vitest'

import { useWasm } from '@audiotag/backend'

import { expectEvaluation, goldenNet } from '../../models/test/golden-net.js'

/**
 * Full width, in eval mode: the golden values of packages/models/test/golden, within the tolerances as they are. There are the same tests on other
 * backends; training steps are in packages/train/test/runs-own-kernels.golden.test.ts.
 */
describe('full width on wasm', () => {
  beforeAll(() => useWasm({ threads: 1 }))

  test.each(['resnet34', 'envnet'])('logits of %s are those of PyTorch', async (id) => expectEvaluation(goldenNet(id)), 120_000)
})
