import { z } from 'zod'

const positive = z.number().int().positive()
const probability = z.number().min(0).max(1)

/** Which of the three readings of the paper a setting follows where paper and authors' code differ. */
export const presetNames: readonly ['default', 'paper', 'referenceCode'] = ['default', 'paper', 'referenceCode']
export type PresetName = (typeof presetNames)[number]

const lossName = z.enum(['bce', 'boundedBce', 'kl', 'klReference'])

const pseudoLabels = z.strictObject({
  /** The model whose snapshots label the noisy clips. */
  from: z.string(),
  /** `soft`: sharpened probabilities, the paper's. `hard`: 1 for the most probable class and those above one half (Lee 2013), a baseline. */
  kind: z.enum(['soft', 'hard']).default('soft'),
  /** Power that sharpens the mean probability. */
  exponent: z.number().positive().default(2),
  normalize: z.enum(['sum', 'bernoulli', 'none']).default('sum'),
  /** `same`: only the labeller of the learner's own fold, so that cross-validation stays honest; `all`: every fold's. */
  folds: z.enum(['same', 'all']).default('same'),
})

/** Slips of the authors' program that can be switched on alone; a loss of a sigmoid's sigmoid is `boundedBce`. */
export const slipNames: readonly ['self-mix', 'mel-axis-slice', 'half-width-mask'] = ['self-mix', 'mel-axis-slice', 'half-width-mask']

/** Targets that the model makes itself while it trains, on unlabelled noisy clips of the fold: methods that the paper tried without gain. */
const consistency = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('mean-teacher'),
    weight: z.number().nonnegative(),
    batch: positive,
    /** Share of the first cycle over which the weight grows. */
    rampShare: probability.default(0.4),
    /** α of the moving average of the weights. */
    decay: z.number().min(0).max(1).default(0.999),
  }),
  z.strictObject({
    kind: z.literal('mixmatch'),
    weight: z.number().nonnegative(),
    batch: positive,
    rampShare: probability.default(0.4),
    temperature: z.number().positive().default(0.5),
    alpha: z.number().positive().default(0.75),
  }),
])

const model = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'letters, digits, - and _ only: it names a folder')
    .refine((name) => name !== 'ensemble', 'taken by the ensemble itself'),
  /** The model of the paper that this one stands for. */
  paper: z.string(),
  architecture: z.enum(['resnet18', 'resnet34', 'seresnext50', 'envnet2']),
  input: z.enum(['logmel', 'waveform']),
  /** Factor on every channel and hidden unit count; the paper's is 1. */
  width: z.number().positive().max(4).default(1),
  activation: z.enum(['sigmoid', 'softmax']),
  /** How convolutions start: the authors' is `kaimingFanOut`; narrow ResNets learn faster from `kaimingUniform`. */
  convolutionInit: z.enum(['kaimingFanOut', 'kaimingUniform']).default('kaimingFanOut'),
  /** Training slice: frames of a log-mel, samples of a waveform. */
  slice: positive,
  batch: positive,
  cycles: positive,
  epochsPerCycle: positive,
  optimizer: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('adam') }),
    z.strictObject({ kind: z.literal('sgd'), momentum: z.number().min(0).max(1), nesterov: z.boolean() }),
  ]),
  maxRate: z.number().positive(),
  minRate: z.number().nonnegative(),
  /** Updates by which a cosine period exceeds its cycle: 1 in the authors' code. */
  periodOffset: z.union([z.literal(0), z.literal(1)]).default(0),
  /** `noisy: null` trains on curated clips alone. */
  losses: z.strictObject({ curated: lossName, noisy: lossName.nullable() }),
  augment: z.strictObject({
    variant: z.enum(presetNames),
    additionalSlicing: z.boolean().default(false),
    /** Chance of MixUp; absent: the variant's. */
    mixupP: probability.optional(),
    /** Chance of the gain; absent: the variant's. */
    gainP: probability.optional(),
    /** Chance of the frequency mask; absent: the variant's. */
    frequencyMaskP: probability.optional(),
    /** Slips of the authors' program, one by one, on top of the variant. */
    slips: z.array(z.enum(slipNames)).default([]),
  }),
  /** Noisy clips join the curated stream with the labels they have, as if these were right: a baseline. */
  noisyAsCurated: z.boolean().default(false),
  /** Start from the last snapshot of this model, same fold. */
  initFrom: z.string().nullable().default(null),
  ssl: z
    .strictObject({
      weight: z.number().nonnegative(),
      batch: positive,
      /** Rows of the third stream: curated and noisy half and half, or noisy alone. */
      set: z.enum(['curated+noisy', 'noisy']),
      /** MixUp partners come from the same half-and-half sampler, or uniformly from all rows. */
      partner: z.enum(['sampler', 'uniform']),
      labels: pseudoLabels,
    })
    .nullable()
    .default(null),
  consistency: consistency.nullable().default(null),
  /** Zero padding on both sides at prediction, in frames or samples; one prediction each, 0 = none. */
  pads: z.array(z.number().int().nonnegative()).min(1),
  /** Padding of a batch of unequal clips: masked out of the result, or as the authors' code has it. */
  groupPadding: z.enum(['masked', 'reference']).default('masked'),
})

export const configSchema = z.strictObject({
  name: z.string().min(1),
  about: z.string(),
  preset: z.enum(presetNames),
  /** What `--scale` made smaller; null: nothing. */
  scale: z.string().nullable().default(null),
  seed: z.number().int().nonnegative(),
  /** Folder of the data set; relative paths start at this program's folder. */
  data: z.string().nullable(),
  folds: z.strictObject({
    count: z.number().int().min(2).max(20),
    /** Seed of scikit-learn's KFold shuffle. */
    seed: z.number().int().nonnegative(),
    /** Folds that are trained. */
    train: z.array(z.number().int().nonnegative()).min(1),
  }),
  dropBadClips: z.boolean(),
  models: z.array(model).min(1),
  /** Models (not helpers such as a pretraining stage) whose predictions are averaged. */
  ensemble: z.strictObject({
    /** `nested-cv`: weights, cycles and pads chosen on out-of-fold lwlrap; `fixed`: those given. */
    choose: z.enum(['nested-cv', 'fixed']),
    members: z
      .array(
        z.strictObject({
          model: z.string(),
          weight: z.number().nonnegative(),
          /** 1-based; null: all. */
          cycles: z.array(positive).nullable(),
          /** null: all of the model's. */
          pads: z.array(z.number().int().nonnegative()).nullable(),
        }),
      )
      .min(1),
  }),
  training: z.strictObject({
    /** Epochs between two checkpoints (a cycle's end always writes one). */
    checkpointEpochs: positive,
    /** Epochs between two validations on the held-out fold (a cycle's end always has one). */
    validateEpochs: positive,
    /** Keep the smaller batch at the end of a pass, as the authors do. */
    keepLastBatch: z.boolean(),
    /** Keep activations for the gradient, or recompute them: the same bits in less memory and more time, so a run may go on with the other. */
    activations: z.enum(['keep', 'recompute']).default('keep'),
  }),
})

/** A complete experiment, every setting resolved; what `config.json` of a run folder holds. */
export type Config = z.infer<typeof configSchema>
export type ModelSettings = z.infer<typeof model>
export type EnsembleMember = Config['ensemble']['members'][number]
