import { architectures } from './architectures.js'
import { ModelError } from './errors.js'
import { timeAfter, type Graph, type GraphNode } from './graph.js'
import type { CompleteModelConfig } from './model-config.js'

/** Size of an input of which something is to be counted. */
export interface InputSize {
  /** Frames of a log-mel, samples of a waveform. */
  readonly length: number
  /** Mel bands; a waveform has none. Default 128. */
  readonly mels?: number
}

/** What a node gives for one clip. */
export interface ActivationSize {
  readonly height: number
  readonly time: number
  readonly channels: number
}

/** The output of every node for one clip, by name; `'input'` is the input. @throws {ModelError} `length`, `input`: not what the network can take */
export function activationSizes(
  { architecture }: Pick<CompleteModelConfig, 'architecture'>,
  graph: Graph,
  { length, mels = 128 }: InputSize,
  caller: string,
): ReadonlyMap<string, ActivationSize> {
  const { input, minLength } = architectures[architecture]
  if (!Number.isSafeInteger(length) || length < minLength) {
    const unit = input === 'log-mel' ? 'frames' : 'samples'
    throw new ModelError('length', `${caller}: length must be an integer of at least ${minLength} ${unit}, got ${length}.`)
  }
  if (input === 'log-mel' && (!Number.isSafeInteger(mels) || mels < minLength))
    throw new ModelError('input', `${caller}: mels must be an integer of at least ${minLength}, got ${mels}.`)
  const sizes = new Map<string, ActivationSize>([['input', { height: input === 'log-mel' ? mels : 1, time: length, channels: 1 }]])
  for (const node of graph.nodes) sizes.set(node.name, sizeAfter(node, sizes.get(node.input)!))
  return sizes
}

function sizeAfter(node: GraphNode, { height, time, channels }: ActivationSize): ActivationSize {
  const after = timeAfter(node, time)
  switch (node.kind) {
    case 'convolution':
      return {
        height: Math.floor((height + 2 * node.pads[0] - node.kernel[0]) / node.strides[0]) + 1,
        time: after,
        channels: node.outputs,
      }
    case 'maxPool':
      return {
        height: Math.floor((height + node.padBefore + node.padAfter - node.kernel[0]) / node.strides[0]) + 1,
        time: after,
        channels,
      }
    case 'swap':
      return { height: channels, time, channels: height }
    case 'squeezeExcite':
      return { height, time, channels }
    case 'globalMax':
      return { height: node.over === 'time' ? height : 1, time: 1, channels }
  }
}
