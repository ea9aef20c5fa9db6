import { activationCounts, parameterCounts } from '@audiotag/models'
import type { ModelSettings } from '../config/schema.js'
import { longestBatch } from '../stages/predict-clips.js'
import { clipsPerUpdate } from './clips-per-update.js'
import type { DatasetSize } from './dataset-size.js'
import type { FeatureSizes } from './model-work.js'
import { networkOf } from './network.js'

const mebi = 2 ** 20

/** What tensors may take of a WebAssembly heap of 4 GiB. */
export const heapLimit = 4096 * mebi - 64 * mebi

/**
 * Heap over tensors: scratch memory, gaps, and growth in steps. Measured: 1.08 to 1.18 for ResNet34 and EnvNet-v2 at widths 1/4 to 1, batches of 4 to 16 clips.
 */
const heapShare = 1.15
const heapBase = 16 * mebi
/** Node, TensorFlow.js, the program, and a thread that makes batches: measured. */
const processBase = 140 * mebi
/** Shards that a process keeps in memory at most: `openFeatures`. */
const cacheBytes = 1024 * mebi

/** Memory of one training process, in bytes. */
export interface ModelMemory {
  /** WebAssembly heap. */
  readonly heapBytes: number
  /** Heap, batches made ahead, features kept, and the process itself. */
  readonly peakBytes: number
  /** Whether the heap stays below its limit. */
  readonly fits: boolean
  /** Largest batch that would fit, all streams lowered alike; 0 where weights alone are too large. */
  readonly largestBatch: number
}

/**
 * What one training process takes up at its peak.
 *
 * Tensors: weights, gradients and the optimiser's memory; activations and gradients by activations of all streams, which TensorFlow.js frees together after the
 * backward pass; inputs. Or, where that is more, three activations of the longest batch that is predicted.
 */
export function modelMemory(settings: ModelSettings, data: DatasetSize, features: FeatureSizes): ModelMemory {
  const { optimizer, consistency, slice, batch } = settings
  const network = networkOf(settings, data.classes)
  const { total, runningStatistics } = parameterCounts(network)
  const { mels, sampleRate, hopSamples } = features
  const { kept, gradients } = activationCounts(network, { length: slice, mels })
  const { trained, inferred } = clipsPerUpdate(settings)
  const clips = Object.values(trained).reduce((sum, each) => sum + each, 0)
  const input = slice * (settings.input === 'logmel' ? mels : 1)
  const slots = optimizer.kind === 'adam' ? 2 : optimizer.momentum > 0 ? 1 : 0
  const teacher = consistency?.kind === 'mean-teacher' ? 1 : 0
  const weights = total * (2 + slots + teacher) + runningStatistics * (1 + teacher)
  const heapOf = (numbers: number): number => Math.round(heapBase + heapShare * 4 * numbers)
  const perClip = kept + gradients + input
  const longest = longestBatch(settings, hopSamples)
  const predicting = total * (1 + slots + teacher) + 3 * activationCounts(network, { length: longest, mels }).largest
  const heapBytes = heapOf(Math.max(weights + perClip * clips, predicting))
  const perSecond = settings.input === 'logmel' ? (sampleRate / hopSamples) * mels : sampleRate
  const kept32 = Object.values(data.splits).reduce((sum, { prepared, seconds }) => sum + 4 * prepared * seconds * perSecond, 0)
  // Two steps ahead and the one under way.
  const batches = 3 * 4 * input * (clips + inferred)
  const room = (heapLimit - heapBase) / (heapShare * 4) - weights
  return {
    heapBytes,
    peakBytes: Math.round(heapBytes + processBase + batches + Math.min(cacheBytes, kept32)),
    fits: heapBytes <= heapLimit,
    largestBatch: Math.min(batch, Math.max(0, Math.floor((room / (perClip * clips)) * batch))),
  }
}
