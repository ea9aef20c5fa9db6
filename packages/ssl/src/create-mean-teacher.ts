import * as tf from '@tensorflow/tfjs-core'
import { SslError } from './errors.js'

/** A model as far as a mean teacher looks at it; `createModel` of `@audiotag/models` gives one. */
export interface MeanTeacherModel {
  /** Weights and running statistics by name. */
  readonly variables: ReadonlyMap<string, tf.Variable>
  /** Names of the weights; the others are running statistics. */
  readonly trainable: readonly string[]
}

/** Options of {@link createMeanTeacher}. */
export interface MeanTeacherOptions {
  /** α, 0 to 1; default 0.999. */
  readonly decay?: number
  /** Lets α grow as min(1 − 1 / (step + 1), decay), so that the first updates are a plain mean of the students; default true. */
  readonly ramp?: boolean
  /**
   * Running statistics of the teacher: `'average'` (default) as the weights, `'copy'` those of the student,
   * `'own'` untouched here, because the teacher's own forward passes in training mode move them (as in the mean-teacher authors' code).
   */
  readonly statistics?: 'average' | 'copy' | 'own'
  /** Where the teacher starts: a copy of the `'student'` (default), or its own values. */
  readonly start?: 'student' | 'teacher'
}

/** A teacher that follows its student. */
export interface MeanTeacher {
  /** After an update of the student: teacher ← α · teacher + (1 − α) · student, variable by variable. */
  update(): void
  /** α of the next update. */
  readonly nextDecay: number
  /** Updates so far; a checkpoint carries it beside the teacher's variables. */
  readonly step: number
  /** Sets the number of updates done, when a run goes on from a checkpoint. */
  resume(step: number): void
}

/**
 * An exponential moving average of a model's variables, by name (Tarvainen & Valpola 2017). The teacher is a second model of the same making;
 * its predictions are targets for a consistency loss. It owns no tensors: dispose the models themselves.
 *
 * @throws SslError `'variable'` for a name or shape that only one of the two has, `'option'`
 *
 * Paper §5.2 tried it without gain.
 */
export function createMeanTeacher(
  { student, teacher }: { readonly student: MeanTeacherModel; readonly teacher: Pick<MeanTeacherModel, 'variables'> },
  { decay = 0.999, ramp = true, statistics = 'average', start = 'student' }: MeanTeacherOptions = {},
): MeanTeacher {
  if (!(decay >= 0 && decay <= 1)) throw new SslError('option', `createMeanTeacher: decay must be within 0 and 1, got ${decay}.`)
  if (!['average', 'copy', 'own'].includes(statistics)) {
    throw new SslError('option', `createMeanTeacher: statistics must be 'average', 'copy' or 'own', got '${statistics}'.`)
  }
  const pairs = pairsOf(student, teacher)
  if (start === 'student') for (const { from, to } of pairs) copy(from, to)
  else if (start !== 'teacher') {
    throw new SslError('option', `createMeanTeacher: start must be 'student' or 'teacher', got '${String(start)}'.`)
  }

  let step = 0
  const nextDecay = (): number => (ramp ? Math.min(1 - 1 / (step + 2), decay) : decay)
  return {
    get nextDecay() {
      return nextDecay()
    },
    get step() {
      return step
    },
    update() {
      const alpha = nextDecay()
      tf.tidy(() => {
        const [keep, take] = [tf.scalar(alpha), tf.scalar(1 - alpha)]
        for (const { from, to, isWeight } of pairs) {
          if (isWeight || statistics === 'average') tf.tidy(() => to.assign(tf.add(tf.mul(to, keep), tf.mul(from, take))))
          else if (statistics === 'copy') copy(from, to)
        }
      })
      step += 1
    },
    resume(done: number) {
      if (!Number.isSafeInteger(done) || done < 0) {
        throw new SslError('option', `meanTeacher: step must be a whole number of at least 0, got ${done}.`)
      }
      step = done
    },
  }
}

interface Pair {
  readonly from: tf.Variable
  readonly to: tf.Variable
  readonly isWeight: boolean
}

function pairsOf(student: MeanTeacherModel, teacher: Pick<MeanTeacherModel, 'variables'>): Pair[] {
  const weights = new Set(student.trainable)
  const extra = [...teacher.variables.keys()].find((name) => !student.variables.has(name))
  if (extra !== undefined)
    throw new SslError('variable', `createMeanTeacher: only the teacher has '${extra}'. Make both models from one configuration.`)
  return [...student.variables].map(([name, from]) => {
    const to = teacher.variables.get(name)
    if (to === undefined)
      throw new SslError('variable', `createMeanTeacher: only the student has '${name}'. Make both models from one configuration.`)
    if (to === from) throw new SslError('variable', `createMeanTeacher: student and teacher share '${name}'. They must be two models.`)
    if (from.shape.join() !== to.shape.join()) {
      throw new SslError(
        'variable',
        `createMeanTeacher: '${name}' is [${from.shape.join(', ')}] in the student, [${to.shape.join(', ')}] in the teacher. Make both models from one configuration.`,
      )
    }
    return { from, to, isWeight: weights.has(name) }
  })
}

/** Times 1 makes numbers of its own: a plain assign would share the student's, which an optimiser may change in place. */
function copy(from: tf.Variable, to: tf.Variable): void {
  tf.tidy(() => to.assign(tf.mul(from, 1)))
}
