import { show } from './check.js'
import { AugmentError } from './errors.js'
import type { TransformJson } from './transform.js'

/** Which of three recipes: faithful and correct; what the paper says; what its authors' code does, bugs included. */
export type Variant = 'default' | 'paper' | 'referenceCode'

/** `false` is off, `true` the variant's own options, an object replaces some of them. */
export type OptionOrOff<Options> = boolean | Options

/** The part built from preset and options, or undefined where it is off. */
export function mergeOption<Options extends object, Part>(
  caller: string,
  field: string,
  option: OptionOrOff<Options>,
  preset: Options,
  build: (options: Options) => Part,
): Part | undefined {
  if (option === false) return undefined
  if (option !== true && (typeof option !== 'object' || option === null)) {
    throw new AugmentError('AUGMENT_RANGE', `${caller}: ${field} must be true, false or an object of options, got ${show(option)}.`)
  }
  return build(option === true ? preset : { ...preset, ...option })
}

/** A part's options as plain JSON, false where it is off. */
export function optionsOf(part: { toJSON(): TransformJson } | undefined): false | Record<string, unknown> {
  if (part === undefined) return false
  const { transform: _, ...options } = part.toJSON()
  return options
}
