import { refusedCheckpoint } from './refused-checkpoint.js'

/** A class or function that a pickle names. It is a name only: nothing is looked up, nothing is run. */
export class PickleGlobal {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** What the reader of a pickle knows about the classes in it. */
export interface PickleHooks {
  /** Whether a pickle may name this class or function (`module.name`). */
  allows(name: string): boolean
  /** What `name(*args)` stands for. */
  call(name: string, args: readonly unknown[]): unknown
  /** What a persistent id stands for. */
  persistent(id: unknown): unknown
}

/** Opcodes by name: those that tensors need, and those that are refused. */
const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries({
    POP: 0x30,
    POP_MARK: 0x31,
    DUP: 0x32,
    BINBYTES: 0x42,
    SHORT_BINBYTES: 0x43,
    FLOAT: 0x46,
    INT: 0x49,
    LONG: 0x4c,
    PERSID: 0x50,
    STRING: 0x53,
    BINSTRING: 0x54,
    SHORT_BINSTRING: 0x55,
    UNICODE: 0x56,
    DICT: 0x64,
    GET: 0x67,
    INST: 0x69,
    LIST: 0x6c,
    OBJ: 0x6f,
    PUT: 0x70,
    NEWOBJ: 0x81,
    EXT1: 0x82,
    EXT2: 0x83,
    EXT4: 0x84,
    LONG4: 0x8b,
    BINUNICODE8: 0x8d,
    BINBYTES8: 0x8e,
    EMPTY_SET: 0x8f,
    ADDITEMS: 0x90,
    FROZENSET: 0x91,
    NEWOBJ_EX: 0x92,
    BYTEARRAY8: 0x96,
    NEXT_BUFFER: 0x97,
    READONLY_BUFFER: 0x98,
  }).map(([name, code]) => [code, name]),
)

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads one pickle: the opcodes that PyTorch writes for tensors (protocols 2 to 5), every other one is refused by name. A dict is a `Map`, a list an
 * array, a tuple a frozen array, an integer a number, or a bigint beyond 2⁵³. Each opcode takes at least a byte and makes at most one value, so time and
 * memory are bounded by the length.
 *
 * @param start where it starts in `bytes`
 * @returns the value, and where the pickle ends
 */
export function readPickle(bytes: Uint8Array, start: number, hooks: PickleHooks): { value: unknown; end: number } {
  return new PickleReader(bytes, start, hooks).read()
}

class PickleReader {
  private readonly bytes: Uint8Array
  private readonly view: DataView
  private readonly hooks: PickleHooks
  private at: number
  private stack: unknown[] = []
  private readonly outer: unknown[][] = []
  private readonly memo = new Map<number, unknown>()

  constructor(bytes: Uint8Array, start: number, hooks: PickleHooks) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = start
    this.hooks = hooks
  }

  read(): { value: unknown; end: number } {
    for (;;) {
      const code = this.bytes[this.take(1)]
      if (code === 0x2e) return { value: this.pop(), end: this.at } // STOP
      this.step(code)
    }
  }

  /** Position of the next `count` bytes, which are then behind. */
  private take(count: number): number {
    const position = this.at
    if (position + count > this.bytes.length)
      throw refusedCheckpoint(`a pickle must end with STOP, it ends after ${this.bytes.length} bytes`)
    this.at += count
    return position
  }

  private byte(): number {
    return this.bytes[this.take(1)]
  }

  private uint32(): number {
    return this.view.getUint32(this.take(4), true)
  }

  private text(length: number): string {
    const from = this.take(length)
    try {
      return decoder.decode(this.bytes.subarray(from, from + length))
    } catch (cause) {
      throw refusedCheckpoint('the text of a pickle must be UTF-8', undefined, cause)
    }
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at)
    if (end < 0) throw refusedCheckpoint('a name of a pickle must end with a newline')
    const text = this.text(end - this.at)
    this.take(1)
    return text
  }

  private pop(): unknown {
    if (this.stack.length === 0) throw refusedCheckpoint('a pickle must not take a value that it has not made')
    return this.stack.pop()
  }

  private top(): unknown {
    return this.stack[this.stack.length - 1]
  }

  /** The values since the last MARK. */
  private popMark(): unknown[] {
    const values = this.stack
    const outer = this.outer.pop()
    if (outer === undefined) throw refusedCheckpoint('a pickle must not go back to a mark that it has not set')
    this.stack = outer
    return values
  }

  private tuple(count: number): void {
    const items: unknown[] = []
    for (let i = 0; i < count; i++) items.unshift(this.pop())
    this.pushTuple(items)
  }

  private pushTuple(items: unknown[]): void {
    this.stack.push(Object.freeze(items))
  }

  private remember(index: number): void {
    if (this.stack.length === 0) throw refusedCheckpoint('a pickle must not remember a value that it has not made')
    this.memo.set(index, this.top())
  }

  private recall(index: number): void {
    if (!this.memo.has(index)) throw refusedCheckpoint(`a pickle must not recall value ${index}, which it has not remembered`)
    this.stack.push(this.memo.get(index))
  }

  private global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw refusedCheckpoint('a pickle must name classes by text')
    const full = `${module}.${name}`
    if (!this.hooks.allows(full)) throw refusedGlobal(full)
    this.stack.push(new PickleGlobal(full))
  }

  private append(items: readonly unknown[]): void {
    const list = this.top()
    if (!Array.isArray(list) || Object.isFrozen(list)) throw refusedCheckpoint('a pickle may append to a list only')
    for (const item of items) list.push(item)
  }

  private setItems(items: readonly unknown[]): void {
    const dict = this.top()
    if (!(dict instanceof Map) || items.length % 2 !== 0) throw refusedCheckpoint('a pickle may set items of a dict only, in pairs')
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]
      if (typeof key !== 'string' && typeof key !== 'number')
        throw refusedCheckpoint(`a dict must have text or numbers as keys, got ${typeof key}`)
      dict.set(key, items[i + 1])
    }
  }

  private reduce(): void {
    const args = this.pop()
    const callable = this.pop()
    if (!(callable instanceof PickleGlobal) || !Array.isArray(args) || !Object.isFrozen(args))
      throw refusedCheckpoint('a pickle may call only what it names, with a tuple')
    this.stack.push(this.hooks.call(callable.name, args as readonly unknown[]))
  }

  /** Attributes of an OrderedDict: PyTorch keeps version numbers there. Of no use here. */
  private build(): void {
    this.pop()
    if (!(this.top() instanceof Map)) throw refusedCheckpoint('a pickle may set attributes of an OrderedDict only')
  }

  private mark(): void {
    this.outer.push(this.stack)
    this.stack = []
  }

  private step(code: number): void {
    switch (code) {
      case 0x80: {
        const protocol = this.byte()
        if (protocol > 5) throw refusedCheckpoint(`the pickle protocol must be at most 5, got ${protocol}`)
        return
      }
      case 0x95: // FRAME
        if (this.view.getBigUint64(this.take(8), true) > BigInt(this.bytes.length - this.at))
          throw refusedCheckpoint('a frame of a pickle goes beyond its end')
        return
      case 0x7d: // EMPTY_DICT
        return void this.stack.push(new Map())
      case 0x5d: // EMPTY_LIST
        return void this.stack.push([])
      case 0x29: // EMPTY_TUPLE
        return this.tuple(0)
      case 0x85: // TUPLE1 … TUPLE3
      case 0x86:
      case 0x87:
        return this.tuple(code - 0x84)
      case 0x28: // MARK
        return this.mark()
      case 0x74: // TUPLE
        return this.pushTuple(this.popMark())
      case 0x71: // BINPUT
        return this.remember(this.byte())
      case 0x72: // LONG_BINPUT
        return this.remember(this.uint32())
      case 0x94: // MEMOIZE
        return this.remember(this.memo.size)
      case 0x68: // BINGET
        return this.recall(this.byte())
      case 0x6a: // LONG_BINGET
        return this.recall(this.uint32())
      case 0x58: // BINUNICODE
        return void this.stack.push(this.text(this.uint32()))
      case 0x8c: // SHORT_BINUNICODE
        return void this.stack.push(this.text(this.byte()))
      case 0x4e: // NONE
        return void this.stack.push(null)
      case 0x88: // NEWTRUE
        return void this.stack.push(true)
      case 0x89: // NEWFALSE
        return void this.stack.push(false)
      case 0x4a: // BININT
        return void this.stack.push(this.view.getInt32(this.take(4), true))
      case 0x4b: // BININT1
        return void this.stack.push(this.byte())
      case 0x4d: // BININT2
        return void this.stack.push(this.view.getUint16(this.take(2), true))
      case 0x8a: // LONG1
        return void this.stack.push(this.integer(this.byte()))
      case 0x47: // BINFLOAT
        return void this.stack.push(this.view.getFloat64(this.take(8), false))
      case 0x63: // GLOBAL
        return this.global(this.line(), this.line())
      case 0x93: {
        // STACK_GLOBAL
        const name = this.pop()
        return this.global(this.pop(), name)
      }
      case 0x52: // REDUCE
        return this.reduce()
      case 0x51: // BINPERSID
        return void this.stack.push(this.hooks.persistent(this.pop()))
      case 0x61: // APPEND
        return this.append([this.pop()])
      case 0x65: // APPENDS
        return this.append(this.popMark())
      case 0x73: {
        // SETITEM
        const value = this.pop()
        return this.setItems([this.pop(), value])
      }
      case 0x75: // SETITEMS
        return this.setItems(this.popMark())
      case 0x62: // BUILD
        return this.build()
      default:
        throw refusedCheckpoint(
          `the pickle uses the opcode ${NAMES.get(code) ?? `0x${code.toString(16)}`}, which a checkpoint of tensors does not need`,
        )
    }
  }

  /** Little-endian two's complement of any length. */
  private integer(length: number): number | bigint {
    const from = this.take(length)
    let value = 0n
    for (let i = from + length - 1; i >= from; i--) value = (value << 8n) | BigInt(this.bytes[i])
    if (length > 0 && this.bytes[from + length - 1] & 0x80) value -= 1n << BigInt(8 * length)
    const small = Number(value)
    return Number.isSafeInteger(small) ? small : value
  }
}

function refusedGlobal(name: string): Error {
  return refusedCheckpoint(
    `the pickle names ${name.slice(0, 100)}, which a checkpoint of tensors does not need`,
    'Nothing of it was run. Save tensors, numbers, text, lists and dicts only, in PyTorch: torch.save(model.state_dict(), path).',
  )
}
