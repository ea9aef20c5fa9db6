/** Name of a network: a key of `architectures`. */
export type Architecture = 'resnet18' | 'resnet34' | 'seresnext50' | 'envnet2'

/** What distinguishes one network from the others. */
export interface ArchitectureDescription {
  /** `resnet`: basic blocks; `seresnext`: grouped bottlenecks with squeeze and excitation; `envnet`: convolutions on the waveform. */
  readonly family: 'resnet' | 'seresnext' | 'envnet'
  /** `log-mel`: input `[batch, mels, frames, 1]`; `waveform`: input `[batch, samples]`. */
  readonly input: 'log-mel' | 'waveform'
  /** Shortest input the network can take, in frames or samples. */
  readonly minLength: number
  /** Residual blocks of each of the four stages; none for EnvNet. */
  readonly blocks: readonly number[]
  /** PyTorch name of the first head; the others are `last_linear2`, `last_linear3`, … */
  readonly firstHead: string
  /** Where the network comes from. */
  readonly source: string
}

/**
 * The networks as data.
 *
 * @example
 * import { architectures } from '@audiotag/models'
 *
 * Object.keys(architectures) // => ['resnet18', 'resnet34', 'seresnext50', 'envnet2']
 * architectures.envnet2.minLength // => 20570
 */
export const architectures: Readonly<Record<Architecture, ArchitectureDescription>> = {
  resnet18: {
    family: 'resnet',
    input: 'log-mel',
    minLength: 1,
    blocks: [2, 2, 2, 2],
    firstHead: 'last_linear',
    source: 'He et al., Deep residual learning for image recognition, CVPR 2016; one input channel, global max pooling',
  },
  resnet34: {
    family: 'resnet',
    input: 'log-mel',
    minLength: 1,
    blocks: [3, 4, 6, 3],
    firstHead: 'last_linear',
    source: 'He et al., Deep residual learning for image recognition, CVPR 2016; one input channel, global max pooling',
  },
  seresnext50: {
    family: 'seresnext',
    input: 'log-mel',
    minLength: 3,
    blocks: [3, 4, 6, 3],
    firstHead: 'last_linear',
    source:
      'Hu et al., Squeeze-and-excitation networks, CVPR 2018, as in Cadene’s pretrained-models; one input channel, global max pooling',
  },
  envnet2: {
    family: 'envnet',
    input: 'waveform',
    minLength: 20570,
    blocks: [],
    firstHead: 'last_linear1',
    source: 'Tokozume et al., Learning from between-class examples, ICLR 2018; global max pooling over time as in Akiyama & Sato 2019',
  },
}
