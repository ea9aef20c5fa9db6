import { UsageError } from './errors.js'

/** What a flag names, or the only one there is. @throws UsageError when there are several and the flag is absent */
export function onlyOne<T extends string | number>(flag: string, all: readonly T[], given: T | undefined): T {
  if (given !== undefined) return given
  if (all.length === 1) return all[0]
  throw new UsageError(`${flag} is needed: there are ${all.join(', ')}`)
}
