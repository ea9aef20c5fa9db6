import { backend_util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import { attribute, DT } from './binding.js'
import type { Attribute, Result } from './binding.js'
import { typeOf } from './compose.js'
import type { Operand, Operations } from './compose.js'

/** Sizes of a convolution or pooling, as TensorFlow.js works them out. */
export type Sizes = Pick<
  backend_util.Conv2DInfo,
  | 'padInfo'
  | 'inHeight'
  | 'inWidth'
  | 'outHeight'
  | 'outWidth'
  | 'strideHeight'
  | 'strideWidth'
  | 'dilationHeight'
  | 'dilationWidth'
  | 'effectiveFilterHeight'
  | 'effectiveFilterWidth'
>

/** Rows and columns of padding before and after: [top, bottom, left, right]. What TensorFlow.js rounds up is padded further, since TensorFlow rounds down. */
export function padding(sizes: Sizes): [number, number, number, number] {
  const { top, left } = sizes.padInfo
  const bottom = (sizes.outHeight - 1) * sizes.strideHeight + sizes.effectiveFilterHeight - sizes.inHeight - top
  const right = (sizes.outWidth - 1) * sizes.strideWidth + sizes.effectiveFilterWidth - sizes.inWidth - left
  return [top, Math.max(0, bottom), left, Math.max(0, right)]
}

/** TensorFlow's name of the padding. Numbers that are SAME's or VALID's get its name: oneDNN has no gradients of EXPLICIT, which cost up to four times as much. */
export function kindOfPadding(sizes: Sizes): 'SAME' | 'VALID' | 'EXPLICIT' {
  const { type } = sizes.padInfo
  if (type === 'SAME' || type === 'VALID') return type
  const pads = padding(sizes)
  if (pads.every((pad) => pad === 0)) return 'VALID'
  const { inHeight, outHeight, strideHeight, effectiveFilterHeight, inWidth, outWidth, strideWidth, effectiveFilterWidth } = sizes
  const same = [
    ...samePads(inHeight, outHeight, strideHeight, effectiveFilterHeight),
    ...samePads(inWidth, outWidth, strideWidth, effectiveFilterWidth),
  ]
  return pads.every((pad, side) => pad === same[side]) ? 'SAME' : 'EXPLICIT'
}

/** SAME's padding before and after; NaN where it would have another output. */
function samePads(input: number, output: number, stride: number, filter: number): [number, number] {
  if (Math.ceil(input / stride) !== output) return [NaN, NaN]
  const total = Math.max(0, (output - 1) * stride + filter - input)
  return [Math.floor(total / 2), Math.ceil(total / 2)]
}

/** Strides, padding and layout (channels last) of a convolution. */
export function windowAttributes(sizes: Sizes, kind: ReturnType<typeof kindOfPadding> = kindOfPadding(sizes)): Attribute[] {
  const attributes = [
    attribute.int('strides', [1, sizes.strideHeight, sizes.strideWidth, 1]),
    attribute.text('padding', kind),
    attribute.text('data_format', 'NHWC'),
  ]
  if (kind === 'EXPLICIT') attributes.push(attribute.int('explicit_paddings', [0, 0, ...padding(sizes), 0, 0]))
  return attributes
}

/** `dilations` of a convolution. */
export function dilationAttribute({ dilationHeight, dilationWidth }: Sizes): Attribute {
  return attribute.int('dilations', [1, dilationHeight, dilationWidth, 1])
}

/** Axes in another order. */
export function transpose({ run, ints }: Operations, x: Operand, order: readonly number[]): Result {
  return run('Transpose', [typeOf(x), attribute.type('Tperm', DT.int32)], [x, ints(order)])
}

/** Channels first to channels last; anything else as it is. */
export function channelsLast(operations: Operations, x: Operand, first: boolean): Operand {
  return first ? transpose(operations, x, [0, 2, 3, 1]) : x
}

/** Channels last to what was wanted. */
export function asWanted(operations: Operations, y: Result, first: boolean): Result {
  return first ? transpose(operations, y, [0, 3, 1, 2]) : y
}

/** [batch, height, width, channels] of a shape in either layout. */
export function lastShape(shape: readonly number[], first: boolean): number[] {
  return first ? [shape[0], shape[2], shape[3], shape[1]] : [...shape]
}

/** Four axes or an error of TensorFlow's: what a kernel's inputs are called. */
export type Inputs<Name extends string> = Record<Name, TensorInfo>
