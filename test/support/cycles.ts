/** The groups of nodes of a graph that reach each other (Tarjan's strongly connected components of two nodes or more). */
export function findCycles(graph: ReadonlyMap<string, Iterable<string>>): readonly (readonly string[])[] {
  const cycles: string[][] = [];
  const indexes = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];

  const visit = (node: string): void => {
    const index = indexes.size;
    indexes.set(node, index);
    lowest.set(node, index);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!indexes.has(next)) visit(next);
      if (stack.includes(next)) {
        lowest.set(node, Math.min(lowest.get(node) ?? index, lowest.get(next) ?? index));
      }
    }
    if (lowest.get(node) !== index) return;
    const cycle = stack.splice(stack.indexOf(node));
    if (cycle.length > 1) cycles.push(cycle);
  };

  for (const node of graph.keys()) if (!indexes.has(node)) visit(node);
  return cycles;
}
