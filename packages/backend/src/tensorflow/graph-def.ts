import type { Attribute } from './binding.js'

/** An operation of a graph. */
export interface GraphNode {
  readonly name: string
  readonly operation: string
  /** Names of nodes; `name:1` is a node's second output. */
  readonly inputs: readonly string[]
  readonly attributes: readonly Attribute[]
  /** The attribute `value` of a constant. */
  readonly constant?: Constant
}

/** Numbers in a graph. */
export interface Constant {
  readonly shape: readonly number[]
  readonly dtype: number
  readonly values: Int32Array | Float32Array
}

/** The version of graphs that TensorFlow 2.15 writes: every later one reads it. */
const PRODUCER = 1645

/** A SavedModel (protocol buffer) of one graph without variables, under a tag. */
export function savedModel(nodes: readonly GraphNode[], tag: string): Uint8Array {
  const graph = [...nodes.map((node) => message(1, nodeDef(node))), message(4, [number(1, PRODUCER)])]
  return join([number(1, 1), message(2, [message(1, [text(4, tag)]), message(2, graph)])])
}

/**
 * Options of a session (ConfigProto): threads that an operation may take, 0 for all, and no rewriting of graphs, which would change bits.
 */
export function sessionConfig(threads: number): Uint8Array {
  const rewriting = message(10, [message(10, [number(19, 1)])])
  return join([number(2, threads), rewriting])
}

/** A field of a protocol buffer, encoded. */
type Field = Uint8Array

const nodeDef = ({ name, operation, inputs, attributes, constant }: GraphNode): Field[] => [
  text(1, name),
  text(2, operation),
  ...inputs.map((input) => text(3, input)),
  ...attributes.map((attribute) => message(5, [text(1, attribute.name), message(2, [attributeValue(attribute)])])),
  ...(constant ? [message(5, [text(1, 'value'), message(2, [message(8, tensor(constant))])])] : []),
]

const tensor = ({ shape, dtype, values }: Constant): Field[] => [
  number(1, dtype),
  message(2, shapeOf(shape)),
  bytes(4, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
]

const shapeOf = (shape: readonly number[]): Field[] => shape.map((size) => message(2, [number(1, size)]))

/** Fields of AttrValue and of its ListValue by the C API's number of the kind of attribute: text, int, float, bool, type, shape. */
const FIELDS = [2, 3, 4, 5, 6, 7]

function attributeValue({ type, value }: Attribute): Field {
  const field = FIELDS[type]
  const one = (value: unknown): Field => {
    if (type === 0) return text(field, value as string)
    if (type === 2) return float(field, value as number)
    if (type === 5) return message(field, shapeOf(value as number[]))
    return number(field, Number(value))
  }
  return Array.isArray(value) && type !== 5 ? message(1, value.map(one)) : one(value)
}

const encoder = new TextEncoder()

const text = (field: number, value: string): Field => bytes(field, encoder.encode(value))
const message = (field: number, fields: readonly Field[]): Field => bytes(field, join(fields))
const bytes = (field: number, content: Uint8Array): Field => join([varint(field * 8 + 2), varint(content.length), content])
const number = (field: number, value: number): Field => join([varint(field * 8), varint(value)])

function float(field: number, value: number): Field {
  const content = new Uint8Array(4)
  new DataView(content.buffer).setFloat32(0, value, true)
  return join([varint(field * 8 + 5), content])
}

/** Seven bits a byte; negative numbers have 64 bits. */
function varint(value: number): Uint8Array {
  const digits: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) digits.push(Number(rest & 127n) | 128)
  digits.push(Number(rest))
  return Uint8Array.from(digits)
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
