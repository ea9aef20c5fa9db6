import { format, inspect, isDeepStrictEqual } from 'node:util'

const plain = (value: unknown): unknown => {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return [...(value as unknown as Iterable<unknown>)]
  if (Array.isArray(value)) return value.map(plain)
  if (value !== null && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]))
  return value
}

const parse = (text: string): { readonly value: unknown } | undefined => {
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- the text is an example in this repository
    return { value: (new Function(`return (${text})`) as () => unknown)() }
  } catch {
    return undefined
  }
}

const numbersOf = (value: unknown): number[] =>
  typeof value === 'number' ? [value] : value !== null && typeof value === 'object' ? Object.values(value).flatMap(numbersOf) : []

const withoutNumbers = (value: unknown): unknown =>
  typeof value === 'number'
    ? Number.isFinite(value)
      ? 0
      : value
    : Array.isArray(value)
      ? value.map(withoutNumbers)
      : value !== null && typeof value === 'object'
        ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutNumbers(part)]))
        : value

/** Half a unit of each written number's last digit: what `≈ 0.736` allows. */
const halfUnits = (text: string): number[] =>
  [...text.matchAll(/(?<![\w.])\d+(?:\.(\d+))?(?:e([-+]?\d+))?/gi)].map(
    ([, decimals = '', exponent = '0']) => 0.5 * 10 ** (Number(exponent) - decimals.length) * (1 + 1e-9),
  )

const isNear = (actual: unknown, text: string): boolean => {
  const expected = parse(text)
  if (expected === undefined) return false
  const [a, e, allowed] = [plain(actual), expected.value, halfUnits(text)]
  const [actualNumbers, expectedNumbers] = [numbersOf(a).filter(Number.isFinite), numbersOf(e).filter(Number.isFinite)]
  return (
    expectedNumbers.length === allowed.length &&
    isDeepStrictEqual(withoutNumbers(a), withoutNumbers(e)) &&
    expectedNumbers.every((number, i) => Math.abs(actualNumbers[i] - number) <= allowed[i])
  )
}

const collapse = (printed: string): string => printed.replaceAll(/\s+/g, ' ').trim()

const isPrinted = (values: readonly unknown[], text: string): boolean => {
  const expected = parse(text)
  if (values.length === 1 && expected !== undefined && isDeepStrictEqual(plain(values[0]), plain(expected.value))) return true
  const inspected = values.map((value) => inspect(value, { breakLength: Infinity })).join(' ')
  return [format(...values), inspected].some((printed) => collapse(printed) === collapse(text))
}

/**
 * Checks one `// =>` line of an example.
 *
 * @param evaluate gives the values that the line prints (one, unless console.log has several arguments)
 * @param text     what stands after `=>`: a JavaScript value (typed arrays written as arrays or as Node prints them), the printed
 *                 text, `≈ 0.736` (half a unit of the last digit is allowed), or `throws <start of name: message>`
 * @param where    file and line, for the message
 * @throws Error that shows both sides
 */
export async function checkValue(
  evaluate: () => readonly unknown[] | Promise<readonly unknown[]>,
  text: string,
  where: string,
): Promise<void> {
  if (text.startsWith('throws')) {
    const wanted = text.slice('throws'.length).trim()
    const thrown: unknown = await Promise.resolve()
      .then(evaluate)
      .then(
        () => undefined,
        (error: unknown) => error,
      )
    if (thrown === undefined) throw new Error(`${where}: threw nothing, the example says it throws ${wanted}`)
    const got = thrown instanceof Error ? String(thrown) : inspect(thrown)
    if (!got.startsWith(wanted)) throw new Error(`${where}: threw ${got}, the example says ${wanted}`)
    return
  }
  const values = await evaluate()
  const near = text.startsWith('≈')
  const isRight = near ? values.length === 1 && isNear(values[0], text.slice(1).trim()) : isPrinted(values, text)
  if (!isRight)
    throw new Error(
      `${where}: is ${values.map((value) => inspect(value, { depth: 6, maxArrayLength: 200 })).join(' ')}, the example says ${text}`,
    )
}
