import { readFileSync } from 'node:fs'
import { createMeanTeacher } from '@audiotag/ssl/tfjs'
import { describeBackends, expectClose, expectNoLeaks } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { test } from 'vitest'

interface Golden {
  start: number[]
  students: number[][]
  cases: { decay: number; ramp: boolean; path: { float64: number[]; tolerance: number } }[]
}
const golden = JSON.parse(readFileSync(new URL('golden/teachers.json', import.meta.url), 'utf8')) as Golden

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test.each(golden.cases)('decay $decay, ramp $ramp: every update is that of PyTorch', async ({ decay, ramp, path }) => {
    await expectNoLeaks(async () => {
      const [student, teacher] = tf.tidy(() => [tf.variable(tf.zeros([6])), tf.variable(tf.tensor1d(golden.start))])
      const [s, t] = [student, teacher] as [tf.Variable, tf.Variable]
      const mean = createMeanTeacher(
        { student: { variables: new Map([['w', s]]), trainable: ['w'] }, teacher: { variables: new Map([['w', t]]) } },
        { decay, ramp, start: 'teacher' },
      )
      const values: number[] = []
      for (const weights of golden.students) {
        tf.tidy(() => s.assign(tf.tensor1d(weights)))
        mean.update()
        values.push(...(await t.data()))
      }
      expectClose(values, path.float64, { absolute: path.tolerance })
      tf.dispose([student, teacher])
    })
  })
})
