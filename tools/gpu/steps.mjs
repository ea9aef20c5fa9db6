/** What is measured, in this order; `layers` is a plain tf.layers network in model.fit. */
export const STEPS = [
  { net: 'resnet34', width: 1, input: [8, 128, 512], task: 'train' },
  { net: 'resnet34', width: 1, input: [8, 128, 512], task: 'predict' },
  // Needs a real GPU: on a processor a step takes a minute.
  { net: 'resnet34', width: 1, input: [64, 128, 512], task: 'train', gpuOnly: true },
  { net: 'resnet34', width: 1, input: [64, 128, 512], task: 'predict', gpuOnly: true },
  { net: 'envnet2', width: 1, input: [4, 133_300], task: 'train' },
  { net: 'envnet2', width: 1, input: [4, 133_300], task: 'predict' },
  { net: 'layers', width: 1, input: [32, 64, 64], task: 'train' },
]

/** The same in seconds, for machines without a GPU and for tests. */
export const SMALL_STEPS = [
  { net: 'resnet34', width: 0.125, input: [4, 128, 64], task: 'train' },
  { net: 'resnet34', width: 0.125, input: [4, 128, 64], task: 'predict' },
  { net: 'envnet2', width: 0.125, input: [1, 22_050], task: 'train' },
]
