import { readsOf, type Graph, type GraphNode } from './graph.js'

/**
 * Cuts an encoder into runs of nodes that pass one activation on to the next: residual blocks, and where there are none single convolutions.
 * A pooling stays with what it pools, so that the small activation is the one that is passed on. The first node of each reads what is passed in.
 */
export function segmentsOf({ nodes }: Graph): readonly (readonly GraphNode[])[] {
  const segments: GraphNode[][] = []
  let segment: GraphNode[] = []
  for (const [i, node] of nodes.entries()) {
    segment.push(node)
    const next = nodes[i + 1]
    const later = new Set(nodes.slice(i + 1).flatMap(readsOf))
    const passesOne = !nodes.slice(0, i).some(({ name }) => later.has(name))
    if (next === undefined || (passesOne && next.kind !== 'maxPool' && next.kind !== 'globalMax')) {
      segments.push(segment)
      segment = []
    }
  }
  return segments
}
