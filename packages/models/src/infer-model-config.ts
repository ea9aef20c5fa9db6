import { architectures, type Architecture } from './architectures.js'
import { scaledChannels } from './encoder-graph.js'
import { ModelError } from './errors.js'
import type { NamedArray } from './named-array.js'
import { withoutParallelPrefix } from './own-tensors.js'

/** What the names and shapes of weights tell about a network. The activation is not in them. */
export interface InferredModelConfig {
  readonly architecture: Architecture
  readonly classes: number
  /** `['curated']`, `['curated', 'noisy']`; further ones are called `head3` … */
  readonly heads: readonly string[]
  readonly width: number
}

/** Channels at width 1: [name of a weight, its outputs at width 1 for every one of `unit`], and how many outputs are one unit. */
type Channels = readonly (readonly [name: string, channels: number, unit?: number])[]

const BASIC: Channels = [
  ['conv1.weight', 64],
  ['layer2.0.conv1.weight', 128],
  ['layer3.0.conv1.weight', 256],
  ['layer4.0.conv1.weight', 512],
]

const CHANNELS: Readonly<Record<Architecture, Channels>> = {
  resnet18: BASIC,
  resnet34: BASIC,
  seresnext50: [
    ['layer0.conv1.weight', 64],
    ['layer1.0.conv1.weight', 32, 4],
    ['layer1.0.conv3.weight', 256],
    ['layer2.0.conv3.weight', 512],
    ['layer3.0.conv3.weight', 1024],
    ['layer4.0.conv3.weight', 2048],
  ],
  envnet2: [
    ['conv1.conv_bn_relu.0.weight', 32],
    ['conv5.conv_bn_relu.0.weight', 64],
    ['conv7.conv_bn_relu.0.weight', 128],
    ['conv9.conv_bn_relu.0.weight', 256],
  ],
}

const fail = (rule: string, wayOut: string): never => {
  throw new ModelError('weights', `inferModelConfig: ${rule}. ${wayOut}`)
}

/**
 * Tells architecture, width, heads and classes from the names and shapes of a PyTorch state_dict, which may have the prefix `module.` of `nn.DataParallel`. Only what is
 * needed to tell them is looked at: `loadTorchModel` checks every name and shape.
 *
 * The width is that of the hidden layers (their size / 1024) where it gives all channels, else the middle of the range that does.
 *
 * @throws {ModelError} `weights`: not the names of a network of this package, or sizes that no width gives
 * @example
 * import '@tensorflow/tfjs-backend-cpu'
 * import { createModel, decodeSafetensors, inferModelConfig, saveModel } from '@audiotag/models'
 *
 * const model = createModel({ architecture: 'resnet18', classes: 5, width: 1 / 16, activation: 'sigmoid' }, { rng: () => 0.25 })
 * const { tensors } = decodeSafetensors(await saveModel(model))
 * inferModelConfig(tensors) // => { architecture: 'resnet18', classes: 5, heads: ['curated'], width: 0.0625 }
 */
export function inferModelConfig(given: Readonly<Record<string, NamedArray>>): InferredModelConfig {
  const tensors = withoutParallelPrefix(given)
  const architecture = architectureOf(tensors)
  const { firstHead } = architectures[architecture]
  const outputs = (name: string): number => {
    if (!Object.hasOwn(tensors, name) || tensors[name].shape.length === 0)
      fail(`${architecture} must have ${name}, it is missing`, 'Pass a whole state_dict.')
    return tensors[name].shape[0]
  }
  const heads = ['curated']
  while (Object.hasOwn(tensors, `last_linear${heads.length + 1}.6.weight`))
    heads.push(heads.length === 1 ? 'noisy' : `head${heads.length + 1}`)
  const width = widthOf(architecture, [...CHANNELS[architecture], [`${firstHead}.0.weight`, 1024]], outputs)
  return { architecture, classes: outputs(`${firstHead}.6.weight`), heads, width }
}

function architectureOf(tensors: Readonly<Record<string, NamedArray>>): Architecture {
  if (Object.hasOwn(tensors, 'conv1.conv_bn_relu.0.weight')) return 'envnet2'
  if (Object.hasOwn(tensors, 'layer0.conv1.weight')) return 'seresnext50'
  if (Object.hasOwn(tensors, 'conv1.weight')) {
    // ResNet-18 has two blocks in its third stage, ResNet-34 six.
    return Object.hasOwn(tensors, 'layer3.2.conv1.weight') ? 'resnet34' : 'resnet18'
  }
  const names = Object.keys(tensors)
  return fail(
    `the weights must be of ${Object.keys(architectures).join(', ')}, got ${names.slice(0, 3).join(', ') || 'none'}${names.length > 3 ? ', …' : ''}`,
    'Rename them as README.md says.',
  )
}

function widthOf(architecture: Architecture, channels: Channels, outputs: (name: string) => number): number {
  const sizes = channels.map(([name, full, unit = 1]) => ({ full, scaled: outputs(name) / unit }))
  // scaled = max(1, floor(full · width + ½))
  const least = Math.max(...sizes.map(({ full, scaled }) => (scaled === 1 ? 0 : (scaled - 0.5) / full)))
  const most = Math.min(...sizes.map(({ full, scaled }) => (scaled + 0.5) / full))
  const fits = (width: number): boolean => width > 0 && sizes.every(({ full, scaled }) => scaledChannels(full, width) === scaled)
  const width = [sizes[sizes.length - 1].scaled / 1024, (least + most) / 2].find(fits)
  return (
    width ??
    fail(
      `the channels must be those of ${architecture} at some width, got ${sizes.map(({ full, scaled }) => `${scaled} for ${full}`).join(', ')}`,
      'Other variants cannot be loaded.',
    )
  )
}
