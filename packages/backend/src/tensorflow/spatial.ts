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

/** Whether the padding is neither TensorFlow's SAME nor VALID. */
export function isExplicit({ padInfo }: Sizes): boolean {
  return padInfo.type !== 'SAME' && padInfo.type !== 'VALID'
}

/** Strides, padding and layout (channels last) of a convolution or pooling. */
export function windowAttributes(sizes: Sizes): Attribute[] {
  const attributes = [
    attribute.int('strides', [1, sizes.strideHeight, sizes.strideWidth, 1]),
    attribute.text('padding', isExplicit(sizes) ? 'EXPLICIT' : sizes.padInfo.type),
    attribute.text('data_format', 'NHWC'),
  ]
  if (isExplicit(sizes)) attributes.push(attribute.int('explicit_paddings', [0, 0, ...padding(sizes), 0, 0]))
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
