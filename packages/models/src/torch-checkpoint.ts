import type { NamedArray } from './named-array.js'
import { PickleGlobal, readPickle, type PickleHooks } from './pickle.js'
import { refusedCheckpoint } from './refused-checkpoint.js'
import { TORCH_TYPES, TorchStorage, TorchTensor } from './torch-tensor.js'
import { zipRecords } from './zip-records.js'

/** What a checkpoint holds besides tensors: numbers (bigint beyond 2⁵³), text, truth values, None as null. */
export type TorchScalar = number | bigint | string | boolean | null

/** What a file of `torch.save` holds. */
export interface TorchCheckpoint {
  /** The state_dict: PyTorch's names, numbers in row-major order, in the order of the file. */
  readonly tensors: Record<string, NamedArray>
  /** Where the state_dict lies in the file, e.g. `'state_dict'`; `''` if it is the file. */
  readonly root: string
  /** Numbers, text and lists of them by path, e.g. `epoch`, `classes`, `optimizer/param_groups/0/lr`. */
  readonly scalars: Record<string, TorchScalar | readonly TorchScalar[]>
  /** Tensors that are not of the state_dict, by path, e.g. `optimizer/state/0/exp_avg`. */
  readonly otherTensors: Record<string, NamedArray>
}

/** How to read a checkpoint. */
export interface TorchCheckpointOptions {
  /** Path of the state_dict, e.g. `'state_dict'` or `'ema/model'`, `''` for the file itself. Default: the file itself, else the only dict of tensors in it. */
  readonly root?: string
}

/** Tensors that share a storage may grow: so many elements for every byte of the file, and a million. */
const MAX_ELEMENTS_A_BYTE = 4
const FREE_ELEMENTS = 2 ** 20
/** Lists in lists, names that are repeated: a file of a kilobyte can describe endless ones. */
const MAX_DEPTH = 32
const MAX_CHARACTERS = 2 ** 24

/** The first number of a legacy file and its protocol, from torch/serialization.py. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn
const LEGACY_PROTOCOL = 1001

const CALLS: readonly string[] = ['collections.OrderedDict', 'torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_parameter']

/**
 * Reads a `.pth` or `.pt` file of `torch.save`, in the zip format (since PyTorch 1.6) or the legacy one: a state_dict, or a checkpoint that holds one.
 *
 * Nothing in it is run or trusted. Of pickle only what tensors, numbers, text, lists and dicts need is understood, every other class and opcode is refused by
 * name; sizes, strides and offsets are checked against the bytes that are there before memory is taken; the checksums of zip records must hold (the legacy
 * format has none: a changed bit of a weight goes unseen there). Half precision (float16, bfloat16) is widened to `Float32Array` without loss, bool gives a
 * `Uint8Array`, int64 a BigInt array. Storages may be shared, strided, permuted or expanded; each tensor gets an array of its own.
 *
 * @throws {ModelError} `file`: damaged, not a checkpoint, holds other classes than those, no state_dict or several of them. Also sparse, quantised and complex
 *   tensors, big-endian files and zips beyond 4 GiB.
 * @example
 * import { decodeTorchCheckpoint } from '@audiotag/models'
 *
 * const page = new TextEncoder().encode('<!DOCTYPE html>')
 * await decodeTorchCheckpoint(page).catch(({ code }) => code) // => 'file'
 */
export async function decodeTorchCheckpoint(bytes: Uint8Array, options: TorchCheckpointOptions = {}): Promise<TorchCheckpoint> {
  if (!(bytes instanceof Uint8Array)) throw refusedCheckpoint(`bytes must be a Uint8Array, got ${typeof bytes}`, 'Read the file first.')
  if (options.root !== undefined && typeof options.root !== 'string')
    throw refusedCheckpoint(`root must be text, got ${typeof options.root}`, "Name the state_dict, e.g. 'state_dict', or leave it out.")
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b
  if (!isZip && bytes[0] !== 0x80) throw refusedCheckpoint(`a checkpoint must be a zip or a pickle, got ${startOf(bytes)}`)
  const { content, unpacked } = isZip ? await readZip(bytes) : readLegacy(bytes)
  return sorted(content, options.root, FREE_ELEMENTS + MAX_ELEMENTS_A_BYTE * unpacked)
}

/** What a file starts with, for people who were given a web page or a pointer instead. */
function startOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'no bytes'
  const text = new TextDecoder().decode(bytes.subarray(0, 24))
  return /^[\x20-\x7e\s]+$/.test(text)
    ? `text that starts with ${JSON.stringify(text)}`
    : `${bytes.length} bytes that start with ${bytes[0]}`
}

type Content = { readonly content: unknown; readonly unpacked: number }

async function readZip(bytes: Uint8Array): Promise<Content> {
  const records = zipRecords(bytes)
  const pickles = [...records.keys()].filter((name) => /^([^/]*\/)?data\.pkl$/.test(name))
  if (pickles.length !== 1) throw refusedCheckpoint(`a checkpoint must hold one data.pkl, this zip has ${pickles.length}`)
  const folder = pickles[0].slice(0, -'data.pkl'.length)
  const order = records.get(`${folder}byteorder`)
  const byteOrder = order === undefined ? 'little' : new TextDecoder().decode(await order.read())
  if (byteOrder !== 'little')
    throw refusedCheckpoint(`the byte order must be little, got ${byteOrder.slice(0, 20)}`, 'Save it again on a little-endian machine.')
  const pickle = await records.get(pickles[0])!.read()
  const storages = new Map<string, TorchStorage>()
  const { value, end } = readPickle(pickle, 0, hooksFor(storages, 5))
  if (end !== pickle.length) throw refusedCheckpoint(`data.pkl must end with its pickle, ${pickle.length - end} bytes follow`)
  let unpacked = bytes.length
  for (const [key, storage] of storages) {
    const record = records.get(`${folder}data/${key}`)
    if (record === undefined)
      throw refusedCheckpoint(`storage ${JSON.stringify(key.slice(0, 80))} must be a record of the zip, it is missing`)
    if (record.size !== storage.size * storage.type.bytes)
      throw refusedCheckpoint(
        `storage ${key.slice(0, 80)} must have ${storage.size} elements of ${storage.type.bytes} bytes, its record has ${record.size} bytes`,
      )
    const data = await record.read()
    if (data.buffer !== bytes.buffer) unpacked += data.length
    storage.fill(data)
  }
  return { content: value, unpacked }
}

function readLegacy(bytes: Uint8Array): Content {
  const storages = new Map<string, TorchStorage>()
  let at = 0
  const next = (hooks: PickleHooks): unknown => {
    const { value, end } = readPickle(bytes, at, hooks)
    at = end
    return value
  }
  const plain = hooksFor(new Map(), 0)
  if (next(plain) !== LEGACY_MAGIC) throw refusedCheckpoint('a pickle must start with the number of PyTorch’s legacy format, it does not')
  const protocol = next(plain)
  if (protocol !== LEGACY_PROTOCOL) throw refusedCheckpoint(`the legacy protocol must be ${LEGACY_PROTOCOL}, it is another one`)
  const system = next(plain)
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    throw refusedCheckpoint('a legacy file must be little-endian, it does not say so', 'Save it again on a little-endian machine.')
  const content = next(hooksFor(storages, 6))
  const keys = next(plain)
  if (
    !Array.isArray(keys) ||
    new Set(keys).size !== keys.length ||
    keys.length !== storages.size ||
    keys.some((key) => !storages.has(key as string))
  )
    throw refusedCheckpoint('a legacy file must list the storages of its tensors, it lists others')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const key of keys as string[]) {
    const storage = storages.get(key)!
    const size = storage.size * storage.type.bytes
    if (at + 8 + size > bytes.length)
      throw refusedCheckpoint(
        `storage ${key} must have ${size} bytes, the file ends after ${Math.max(0, bytes.length - at - 8)}`,
        'It is truncated: get it again.',
      )
    const declared = view.getBigInt64(at, true)
    if (declared !== BigInt(storage.size))
      throw refusedCheckpoint(`storage ${key} must have one size, got ${storage.size} and ${declared} elements`)
    storage.fill(bytes.subarray(at + 8, at + 8 + size))
    at += 8 + size
  }
  if (at !== bytes.length) throw refusedCheckpoint(`a legacy file must end with its last storage, ${bytes.length - at} bytes follow`)
  return { content, unpacked: bytes.length }
}

/** What the classes that a checkpoint may name stand for. `fields`: of a storage's id, 5 or 6; 0: no storages here. */
function hooksFor(storages: Map<string, TorchStorage>, fields: number): PickleHooks {
  return {
    allows: (name) => CALLS.includes(name) || TORCH_TYPES.has(name),
    call: (name, args) => {
      if (name === 'collections.OrderedDict' && args.length === 0) return new Map()
      if (name === 'torch._utils._rebuild_tensor_v2' && (args.length === 6 || (args.length === 7 && isEmpty(args[6]))))
        return new TorchTensor(args[0], args[1], args[2], args[3])
      if (name === 'torch._utils._rebuild_parameter' && args.length === 3 && args[0] instanceof TorchTensor) return args[0]
      throw refusedCheckpoint(`${name} must be called as torch.save does, it has ${args.length} other arguments`)
    },
    persistent: (id) => {
      const [tag, type, key, , size, views] = Array.isArray(id) ? (id as readonly unknown[]) : []
      const element = type instanceof PickleGlobal ? TORCH_TYPES.get(type.name) : undefined
      const isStorage =
        Array.isArray(id) &&
        id.length === fields &&
        tag === 'storage' &&
        typeof key === 'string' &&
        Number.isSafeInteger(size) &&
        (size as number) >= 0
      if (!isStorage) throw refusedCheckpoint('a storage must have a type, a key, a place and a size, this one has not')
      if (element === undefined)
        throw refusedCheckpoint(`the type of storage ${key.slice(0, 80)} must be one of ${[...TORCH_TYPES.keys()].join(', ')}`)
      if (views !== undefined && views !== null)
        throw refusedCheckpoint('a storage must not be a view of another one', 'Save it again with a newer PyTorch.')
      const known = storages.get(key)
      if (known === undefined) {
        const storage = new TorchStorage(key, element, size as number)
        storages.set(key, storage)
        return storage
      }
      if (known.type !== element || known.size !== size)
        throw refusedCheckpoint(`storage ${key.slice(0, 80)} must have one type and size, it has two`)
      return known
    },
  }
}

/** Metadata of a tensor tells of complex conjugates and the like, which would change its numbers. */
const isEmpty = (metadata: unknown): boolean => metadata === null || (metadata instanceof Map && metadata.size === 0)

const isTensor = (value: unknown): value is TorchTensor => value instanceof TorchTensor
const isDict = (value: unknown): value is Map<string | number, unknown> => value instanceof Map
const valueAt = (dict: unknown, key: string): unknown =>
  isDict(dict) ? dict.get(/^\d+$/.test(key) && !dict.has(key) ? Number(key) : key) : undefined
const isStateDict = (value: unknown): boolean => isDict(value) && value.size > 0 && [...value.values()].every(isTensor)
const holdsTensors = (value: unknown): boolean => isDict(value) && [...value.values()].some(isTensor)
const isScalar = (value: unknown): value is TorchScalar =>
  value === null || ['number', 'bigint', 'string', 'boolean'].includes(typeof value)

/** Sorts what was read: the state_dict, other tensors, and the rest. */
function sorted(content: unknown, given: string | undefined, maxElements: number): TorchCheckpoint {
  if (!isDict(content))
    throw refusedCheckpoint('a checkpoint must hold a dict, it holds another thing', 'Save model.state_dict(), or a dict that holds it.')
  const root = given ?? findRoot(content)
  const stateDict = root === '' ? content : root.split('/').reduce<unknown>(valueAt, content)
  if (!isDict(stateDict) || !holdsTensors(stateDict))
    throw refusedCheckpoint(
      `root must lead to a dict of tensors, got ${JSON.stringify(root.slice(0, 80))}`,
      `The file has ${keysOf(content)}.`,
    )
  // Without a prototype, so that no name of the file can reach one.
  const tensors = Object.create(null) as Record<string, NamedArray>
  const otherTensors = Object.create(null) as Record<string, NamedArray>
  const scalars = Object.create(null) as Record<string, TorchScalar | readonly TorchScalar[]>
  const taken = new Set<string>()
  let elements = 0
  let characters = 0
  const spend = (count: number): void => {
    characters += count
    if (characters > MAX_CHARACTERS)
      throw refusedCheckpoint(`names and lists must stay below ${MAX_CHARACTERS} characters in all, they go beyond`)
  }
  const add = (value: unknown, path: string, name: string | null, depth: number): void => {
    spend(1 + path.length)
    if (depth > MAX_DEPTH) throw refusedCheckpoint(`lists and dicts must be at most ${MAX_DEPTH} deep, ${path.slice(0, 40)} … goes deeper`)
    if (isDict(value)) {
      for (const [key, each] of value) {
        if (key === '__proto__') throw refusedCheckpoint('a name must not be __proto__')
        add(each, path === '' ? String(key) : `${path}/${key}`, value === stateDict ? String(key) : null, depth + 1)
      }
      return
    }
    if (Array.isArray(value)) spend(value.length)
    if (Array.isArray(value) && !value.every(isScalar)) {
      for (const [index, each] of value.entries()) add(each, path === '' ? String(index) : `${path}/${index}`, null, depth + 1)
      return
    }
    if (taken.has(path)) throw refusedCheckpoint(`names must differ, ${JSON.stringify(path.slice(0, 80))} comes twice`)
    taken.add(path)
    if (isTensor(value)) {
      elements += value.size
      if (!(elements <= maxElements))
        throw refusedCheckpoint(
          `tensors that share storages must stay below ${maxElements} elements, ${JSON.stringify(path.slice(0, 80))} [${value.shape.slice(0, 8).join(', ')}] goes beyond`,
          'Save copies of them that are smaller.',
        )
      if (name === null) otherTensors[path] = value.toArray()
      else tensors[name] = value.toArray()
    } else if (Array.isArray(value)) scalars[path] = [...(value as TorchScalar[])]
    else if (isScalar(value)) scalars[path] = value
    else
      throw refusedCheckpoint(
        `${JSON.stringify(path.slice(0, 80))} must be a tensor, a number, text, a list or a dict, it is a part of one`,
      )
  }
  add(content, '', null, 0)
  return { tensors: { ...tensors }, root, scalars: { ...scalars }, otherTensors: { ...otherTensors } }
}

function findRoot(content: Map<string | number, unknown>): string {
  if (holdsTensors(content)) return ''
  // Each dict once: a small file can name a large one many times.
  const seen = new Map<unknown, boolean>()
  const found: string[] = []
  for (const [key, value] of content) {
    if (!seen.has(value)) seen.set(value, isStateDict(value))
    if (seen.get(value) === true) found.push(String(key))
  }
  if (found.length === 1) return found[0]
  if (found.length === 0)
    throw refusedCheckpoint(`a checkpoint must hold a dict of tensors, it has ${keysOf(content)}`, 'Say where it lies: root.')
  throw refusedCheckpoint(`a checkpoint must hold one dict of tensors, it has ${found.slice(0, 5).join(', ')}`, 'Name one of them: root.')
}

const keysOf = (content: Map<string | number, unknown>): string =>
  `the keys ${[...content.keys()].slice(0, 10).join(', ').slice(0, 200) || 'of an empty dict'}`
