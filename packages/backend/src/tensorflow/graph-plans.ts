import { attribute, DT } from './binding.js'
import type { Binding } from './binding.js'
import { FLOAT } from './compose.js'
import type { Operations } from './compose.js'
import type { DeferredNode, Operand } from './deferred-binding.js'
import { JOIN, join, joinNow, part, partNow } from './flat-tensor.js'
import { savedModel, sessionConfig } from './graph-def.js'
import type { Constant, GraphNode } from './graph-def.js'

/** Operations of a group that runs as a graph, at least: a graph has costs of its own. */
const LEAST_NODES = 8

/** Graphs that are kept; TensorFlow keeps some megabytes and threads for each. */
const MOST_GRAPHS = 32

/** Groups that are remembered. */
const MOST_GROUPS = 1024

/** An output of a node of a group. */
interface Place {
  readonly node: number
  readonly output: number
}

/** What is known of a group that has run before. */
interface Plan {
  /** TensorFlow's number of the graph. `undefined`: not made yet; `'none'`: TensorFlow does not take it. */
  model: number | 'none' | undefined
  readonly feeds: number[]
  inputNames: string
  outputNames: string
}

/**
 * Runs groups of operations as graphs. To make a graph takes longer than to run one: a group that does not train, such as a prediction of clips of other lengths each time, runs one by one until it comes
 * again, and has the same bits. For training a graph is made at once: it may have other threads, and sums that threads share other bits.
 */
export class GraphPlans {
  readonly #binding: Binding
  readonly #plans = new Map<string, Plan>()
  /** Plans that have a graph, in the order of their last use. */
  readonly #graphs = new Set<Plan>()
  #kinds = 0

  constructor(binding: Binding) {
    this.#binding = binding
  }

  /** A number for a kind of operation, one that no other has. */
  newKind(): number {
    return this.#kinds++
  }

  /** Runs what the wanted outputs take. `feeds` are handles; returns new ones of the outputs. */
  run(nodes: readonly DeferredNode[], feeds: readonly number[], wanted: readonly Place[]): number[] {
    const needed = neededBy(nodes, wanted)
    let count = 0
    for (const [i, { operation, operands }] of nodes.entries()) if (needed[i]) count += operation === JOIN ? operands.length : 1
    if (count >= LEAST_NODES && feeds.length > 0) {
      const name = nameOf(nodes, wanted)
      let plan = this.#plans.get(name)
      const again = plan !== undefined
      if (!plan) {
        if (this.#plans.size >= MOST_GROUPS) this.#forgetAll()
        plan = { model: undefined, feeds: [], inputNames: '', outputNames: '' }
        this.#plans.set(name, plan)
      }
      const trains = nodes.some(isOfTraining)
      if (again || trains) plan.model ??= this.#load(plan, nodes, needed, wanted, trains)
      if (typeof plan.model === 'number') return this.#runGraph(plan, feeds)
    }
    return this.#oneByOne(nodes, needed, feeds, wanted)
  }

  #runGraph(plan: Plan, feeds: readonly number[]): number[] {
    this.#graphs.delete(plan)
    this.#graphs.add(plan)
    const inputs = plan.feeds.map((index) => feeds[index])
    return this.#binding.runSavedModel(plan.model as number, inputs, plan.inputNames, plan.outputNames).map(({ id }) => id)
  }

  #load(
    plan: Plan,
    nodes: readonly DeferredNode[],
    needed: readonly boolean[],
    wanted: readonly Place[],
    trains: boolean,
  ): number | 'none' {
    const { graph, feeds } = graphOf(nodes, needed)
    if (feeds.length === 0) return 'none'
    const fs = process.getBuiltinModule('node:fs')
    const os = process.getBuiltinModule('node:os')
    const path = process.getBuiltinModule('node:path')
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'audiotag-graph-'))
    let model: number | 'none'
    try {
      fs.writeFileSync(path.join(folder, 'saved_model.pb'), savedModel(graph, 'audiotag'))
      fs.writeFileSync(path.join(folder, 'session_config.pb'), sessionConfig(trains && isNarrow(nodes) ? 1 : 0))
      model = this.#graphIn(folder)
    } finally {
      fs.rmSync(folder, { recursive: true, force: true })
    }
    if (model === 'none') return model
    plan.feeds.push(...feeds)
    plan.inputNames = feeds.map((index) => `x${index}:0`).join(',')
    plan.outputNames = wanted.map(({ node, output }) => `${nameOfNode(nodes, node)}:${output}`).join(',')
    const [oldest] = this.#graphs
    if (this.#graphs.size >= MOST_GRAPHS) this.#forget(oldest)
    this.#graphs.add(plan)
    return model
  }

  #graphIn(folder: string): number | 'none' {
    try {
      return this.#binding.loadSavedModel(folder, 'audiotag')
    } catch {
      return 'none'
    }
  }

  #forget(plan: Plan): void {
    this.#graphs.delete(plan)
    this.#binding.deleteSavedModel(plan.model as number)
    Object.assign(plan, { model: undefined, feeds: [] })
  }

  #forgetAll(): void {
    for (const plan of this.#graphs) this.#forget(plan)
    this.#plans.clear()
  }

  #oneByOne(nodes: readonly DeferredNode[], needed: readonly boolean[], feeds: readonly number[], wanted: readonly Place[]): number[] {
    const binding = this.#binding
    const made: (number | undefined)[][] = []
    const kept = new Set(wanted.map(({ node, output }) => `${node}:${output}`))
    const readers = nodes.map(() => 0)
    for (const [i, { operands }] of nodes.entries()) {
      if (needed[i]) for (const operand of operands) if (operand.kind === 'output') readers[operand.node]++
    }
    const free = (node: number, all: boolean): void => {
      for (const [output, id] of made[node].entries()) {
        if (id === undefined || (!all && kept.has(`${node}:${output}`))) continue
        binding.deleteTensor(id)
        made[node][output] = undefined
      }
    }
    try {
      for (const [i, { operation, attributes, operands, outputs }] of nodes.entries()) {
        made[i] = []
        if (!needed[i]) continue
        const own: number[] = []
        try {
          const inputs = operands.map((operand) => {
            if (operand.kind === 'feed') return feeds[operand.index]
            if (operand.kind === 'output') return made[operand.node][operand.output] as number
            own.push(
              operand.kind === 'constant'
                ? binding.createTensor(operand.shape, operand.dtype, operand.values)
                : partNow(binding, feeds[operand.index], operand.offset, operand.shape).id,
            )
            return own[own.length - 1]
          })
          const results =
            operation === JOIN
              ? [joinNow(binding, inputs, shapesOf(nodes, operands))]
              : binding.executeOp(operation, attributes, inputs, outputs.length)
          made[i] = results.map(({ id }) => id)
        } finally {
          for (const id of own) binding.deleteTensor(id)
        }
        if (readers[i] === 0) free(i, false)
        for (const operand of operands) if (operand.kind === 'output' && --readers[operand.node] === 0) free(operand.node, false)
      }
      return wanted.map(({ node, output }) => made[node][output] as number)
    } catch (error) {
      for (const node of made.keys()) free(node, true)
      throw error
    }
  }
}

const isOfTraining = ({ operation }: DeferredNode): boolean => /Grad|Backprop|BatchNorm/.test(operation)

/** Numbers that an operation makes, on average, below which sharing it among threads costs more than it gains. */
const NARROW = 2 ** 18

/** Whether two operations at a time, of one thread each, are faster than one operation of all threads. By sizes alone: threads decide about roundings. */
function isNarrow(nodes: readonly DeferredNode[]): boolean {
  let numbers = 0
  for (const { outputs } of nodes) for (const { shape } of outputs) numbers += shape.reduce((product, size) => product * size, 1)
  return numbers / nodes.length < NARROW
}

/** Which nodes the wanted outputs take. */
function neededBy(nodes: readonly DeferredNode[], wanted: readonly Place[]): boolean[] {
  const needed = nodes.map(() => false)
  for (const { node } of wanted) needed[node] = true
  for (let i = nodes.length - 1; i >= 0; i--) {
    if (needed[i]) for (const operand of nodes[i].operands) if (operand.kind === 'output') needed[operand.node] = true
  }
  return needed
}

/** Shapes of operands. */
const shapesOf = (nodes: readonly DeferredNode[], operands: readonly Operand[]): (readonly number[])[] =>
  operands.map((operand) => (operand.kind === 'output' ? nodes[operand.node].outputs[operand.output].shape : operand.shape))

/** A group in words. */
function nameOf(nodes: readonly DeferredNode[], wanted: readonly Place[]): string {
  let name = ''
  for (const { kind, operands } of nodes) {
    name += `${kind}(`
    for (const operand of operands) {
      if (operand.kind === 'feed') name += `x${operand.index},`
      else if (operand.kind === 'output') name += `${operand.node}:${operand.output},`
      else if (operand.kind === 'part') name += `x${operand.index}+${operand.offset}/${operand.total},`
    }
    name += ')'
  }
  for (const { node, output } of wanted) name += ` ${node}:${output}`
  return name
}

const nameOfNode = (nodes: readonly DeferredNode[], node: number): string => `n${node}_${nodes[node].operation}`

/** The nodes of the graph, and which feeds it has. */
function graphOf(nodes: readonly DeferredNode[], needed: readonly boolean[]): { readonly graph: GraphNode[]; readonly feeds: number[] } {
  const graph: GraphNode[] = []
  const placeholders = new Map<number, GraphNode>()
  const constants = new Map<string, string>()
  const parts = new Map<string, string>()
  const placeholder = ({ index, shape, dtype }: { index: number; shape: readonly number[]; dtype: number }): string => {
    const name = `x${index}`
    const own = [attribute.type('dtype', dtype), attribute.shape('shape', shape)]
    placeholders.set(index, { name, operation: 'Placeholder', inputs: [], attributes: own })
    return name
  }
  const constant = ({ shape, dtype, values }: Constant): string => {
    const key = `${dtype}[${shape.join()}]${values.join()}`
    let name = constants.get(key)
    if (name === undefined) {
      name = `c${constants.size}`
      constants.set(key, name)
      const own = [attribute.type('dtype', dtype)]
      graph.push({ name, operation: 'Const', inputs: [], attributes: own, constant: { shape, dtype, values } })
    }
    return name
  }
  const operatorsOf = (prefix: string): Pick<Operations<string, string>, 'run' | 'ints' | 'floats'> => {
    let count = 0
    return {
      run: (operation, attributes, inputs) => {
        const name = `${prefix}_${count++}`
        graph.push({ name, operation, inputs, attributes })
        return name
      },
      ints: (values, shape = [values.length]) => constant({ shape, dtype: DT.int32, values: Int32Array.from(values) }),
      floats: (values, shape = []) => constant({ shape, dtype: DT.float, values: Float32Array.from(values) }),
    }
  }
  for (const [i, { operation, attributes, operands }] of nodes.entries()) {
    if (!needed[i]) continue
    const inputs = operands.map((operand) => {
      if (operand.kind === 'output') return `${nameOfNode(nodes, operand.node)}:${operand.output}`
      if (operand.kind === 'feed') return placeholder(operand)
      if (operand.kind === 'constant') return constant(operand)
      const { index, total, offset, shape } = operand
      const key = `x${index}+${offset}`
      let name = parts.get(key)
      if (name === undefined) {
        name = part(operatorsOf(`p${parts.size}`), placeholder({ index, shape: [total], dtype: DT.float }), offset, shape)
        parts.set(key, name)
      }
      return name
    })
    const name = nameOfNode(nodes, i)
    if (operation === JOIN)
      graph.push({ name, operation: 'Identity', inputs: [join(operatorsOf(name), inputs, shapesOf(nodes, operands))], attributes: [FLOAT] })
    else graph.push({ name, operation, inputs, attributes })
  }
  return { graph: [...placeholders.values(), ...graph], feeds: [...placeholders.keys()] }
}
