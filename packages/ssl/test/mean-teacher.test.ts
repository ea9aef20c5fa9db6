import { SslError } from '@audiotag/ssl'
import { createMeanTeacher, type MeanTeacherModel, type MeanTeacherOptions } from '@audiotag/ssl/tfjs'
import { describeBackends, expectClose, expectNoLeaks } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'

const constant = (shape: number[], value: number): tf.Tensor => tf.mul(tf.ones(shape), value)
const variable = (shape: number[], value: number): tf.Variable => tf.tidy(() => tf.variable(constant(shape, value)))
const model = (weight: number, mean: number): MeanTeacherModel => ({
  variables: new Map([
    ['conv.weight', variable([2, 2], weight)],
    ['bn.running_mean', variable([2], mean)],
  ]),
  trainable: ['conv.weight'],
})
const free = (...models: MeanTeacherModel[]): void => {
  for (const { variables } of models) tf.dispose([...variables.values()])
}
const read = async ({ variables }: MeanTeacherModel): Promise<[number, number]> => [
  (await variables.get('conv.weight')!.data())[0],
  (await variables.get('bn.running_mean')!.data())[0],
]

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test('starts as a copy of its own: a student changed in place does not move it', async () => {
    await expectNoLeaks(async () => {
      const [student, teacher] = [model(2, 3), model(0, 0)]
      createMeanTeacher({ student, teacher })
      expect(await read(teacher)).toEqual([2, 3])
      for (const [name, variable] of student.variables) {
        expect(tf.backend().refCount(variable.dataId), name).toBe(1)
        expect(variable.dataId).not.toBe(teacher.variables.get(name)!.dataId)
      }
      free(student, teacher)
    })
  })

  test('decay 0 is the student, decay 1 stays', async () => {
    await expectNoLeaks(async () => {
      const [student, teacher] = [model(2, 3), model(0, 0)]
      createMeanTeacher({ student, teacher }, { decay: 1, ramp: false, start: 'teacher' }).update()
      expect(await read(teacher)).toEqual([0, 0])
      createMeanTeacher({ student, teacher }, { decay: 0, start: 'teacher' }).update()
      expect(await read(teacher)).toEqual([2, 3])
      free(student, teacher)
    })
  })

  test.each<[NonNullable<MeanTeacherOptions['statistics']>, number]>([
    ['average', 0.75],
    ['copy', 3],
    ['own', 0],
  ])('running statistics: %s', async (statistics, mean) => {
    await expectNoLeaks(async () => {
      const [student, teacher] = [model(2, 3), model(0, 0)]
      createMeanTeacher({ student, teacher }, { decay: 0.75, ramp: false, statistics, start: 'teacher' }).update()
      expectClose(await read(teacher), [0.5, mean], { absolute: 1e-6 })
      free(student, teacher)
    })
  })

  test('the ramp makes the first updates a plain mean of start and students', async () => {
    await expectNoLeaks(async () => {
      const [student, teacher] = [model(0, 0), model(4, 0)]
      const mean = createMeanTeacher({ student, teacher }, { decay: 0.9, start: 'teacher' })
      const weights = [4]
      for (const weight of [1, 7, 2]) {
        tf.tidy(() => student.variables.get('conv.weight')!.assign(constant([2, 2], weight)))
        mean.update()
        weights.push(weight)
        expectClose([(await read(teacher))[0]], [weights.reduce((a, b) => a + b, 0) / weights.length], { absolute: 1e-5 })
      }
      expect(mean.step).toBe(3)
      free(student, teacher)
    })
  })

  test('a resumed teacher goes on bit for bit', async () => {
    const students = [0.3, -1.7, 2.9, 0.01, 5.5]
    const follow = async (stops: number): Promise<[number, number]> => {
      const student = model(1, 1)
      let teacher = model(0.1, 0.2)
      let mean = createMeanTeacher({ student, teacher }, { start: 'teacher', decay: 0.7 })
      for (const [i, value] of students.entries()) {
        for (const variable of student.variables.values()) tf.tidy(() => variable.assign(constant(variable.shape, value)))
        mean.update()
        if (i !== stops) continue
        const [weight, running] = await read(teacher)
        free(teacher)
        teacher = model(weight, running)
        const done = mean.step
        mean = createMeanTeacher({ student, teacher }, { start: 'teacher', decay: 0.7 })
        mean.resume(done)
      }
      const result = await read(teacher)
      free(student, teacher)
      return result
    }
    const unbroken = await expectNoLeaks(() => follow(-1))
    for (const stops of [0, 1, 3]) expect(await follow(stops)).toEqual(unbroken)
  })

  test('names and shapes must be those of one configuration', () => {
    const [student, teacher] = [model(0, 0), model(0, 0)]
    const wrong = tf.tidy(() => tf.variable(tf.zeros([3])))
    const failures: [() => unknown, string, string][] = [
      [() => createMeanTeacher({ student, teacher: { variables: new Map() } }), 'variable', "only the student has 'conv.weight'"],
      [
        () => createMeanTeacher({ student, teacher: { variables: new Map([...teacher.variables, ['x', wrong]]) } }),
        'variable',
        "only the teacher has 'x'",
      ],
      [
        () => createMeanTeacher({ student, teacher: { variables: new Map([...teacher.variables, ['bn.running_mean', wrong]]) } }),
        'variable',
        '[2] in the student, [3]',
      ],
      [() => createMeanTeacher({ student, teacher: student }), 'variable', "share 'conv.weight'"],
      [() => createMeanTeacher({ student, teacher }, { decay: 1.1 }), 'option', 'decay must be within 0 and 1, got 1.1'],
      [() => createMeanTeacher({ student, teacher }, { decay: NaN }), 'option', 'got NaN'],
      [() => createMeanTeacher({ student, teacher }, { statistics: 'x' as 'own' }), 'option', "got 'x'"],
      [() => createMeanTeacher({ student, teacher }, { start: 'x' as 'teacher' }), 'option', "got 'x'"],
      [() => createMeanTeacher({ student, teacher }).resume(-1), 'option', 'got -1'],
    ]
    for (const [call, code, message] of failures) {
      expect(call).toThrow(SslError)
      expect(call).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
    }
    wrong.dispose()
    free(student, teacher)
  })
})
