import type { ModelConfig } from '@audiotag/models'
import type { ModelSettings } from '../config/schema.js'

/** The network of a model as `train` makes it. */
export function networkOf({ architecture, width, activation, losses }: ModelSettings, classes: number): ModelConfig {
  return { architecture, classes, width, activation, heads: losses.noisy ? ['curated', 'noisy'] : ['curated'] }
}
