/**
 * Control flow as WebAssembly can say it: only blocks and loops, no arbitrary jumps. The nesting follows the dominator
 * tree (N. Ramsey, "Beyond Relooper", ICFP 2022); edges that no nesting can express are cut and become exits.
 */

/** A flow graph: nodes by number, successors by node. */
export interface Graph {
  readonly entry: number;
  successors(node: number): readonly number[];
}

/** The shape of a graph. Nodes that cannot be reached are left out. */
export interface Structure {
  /** Nodes in reverse postorder. */
  readonly order: readonly number[];
  /** Place of a node in `order`. */
  readonly rank: ReadonlyMap<number, number>;
  /** Nodes immediately dominated by a node, in order. */
  readonly children: ReadonlyMap<number, readonly number[]>;
  /** Nodes that are jumped back to. */
  readonly loops: ReadonlySet<number>;
  /** Nodes with several ways in, not counting jumps back. */
  readonly merges: ReadonlySet<number>;
  /** True if the edge must leave the region. */
  isCut(from: number, to: number): boolean;
}

const edgeKey = (from: number, to: number) => `${from}>${to}`;

function reversePostorder(graph: Graph, cut: ReadonlySet<string>): number[] {
  const order: number[] = [];
  const seen = new Set([graph.entry]);
  const stack: { node: number; next: readonly number[]; at: number }[] = [];
  const enter = (node: number) => {
    seen.add(node);
    stack.push({ node, next: graph.successors(node), at: 0 });
  };
  enter(graph.entry);
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    if (top.at === top.next.length) {
      order.push(top.node);
      stack.pop();
      continue;
    }
    const to = top.next[top.at++];
    if (!seen.has(to) && !cut.has(edgeKey(top.node, to))) enter(to);
  }
  return order.reverse();
}

/** Immediate dominators by rank (Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm"). */
function dominators(predecessors: readonly (readonly number[])[]): number[] {
  const idom = predecessors.map((_, rank): number => (rank === 0 ? 0 : -1));
  const meet = (a: number, b: number): number => {
    let [x, y] = [a, b];
    while (x !== y) {
      while (x > y) x = idom[x];
      while (y > x) y = idom[y];
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let rank = 1; rank < predecessors.length; rank++) {
      const known = predecessors[rank].filter((from) => idom[from] >= 0);
      const next = known.reduce(meet);
      if (next === idom[rank]) continue;
      idom[rank] = next;
      changed = true;
    }
  }
  return idom;
}

function dominates(idom: readonly number[], a: number, b: number): boolean {
  let at = b;
  while (at > a) at = idom[at];
  return at === a;
}

/** Works out how to nest a graph. */
export function structure(graph: Graph): Structure {
  const cut = new Set<string>();
  for (;;) {
    const order = reversePostorder(graph, cut);
    const rank = new Map(order.map((node, i) => [node, i]));
    const edges = order.flatMap((from) =>
      graph
        .successors(from)
        .filter((to) => !cut.has(edgeKey(from, to)))
        .map((to) => [rank.get(from) as number, rank.get(to) as number] as const),
    );
    const predecessors = order.map(() => [] as number[]);
    for (const [from, to] of edges) predecessors[to].push(from);
    const idom = dominators(predecessors);
    const bad = edges.filter(([from, to]) => to <= from && !dominates(idom, to, from));
    if (bad.length > 0) {
      for (const [from, to] of bad) cut.add(edgeKey(order[from], order[to]));
      continue;
    }
    const children = new Map<number, number[]>(order.map((node) => [node, []]));
    for (let i = 1; i < order.length; i++) children.get(order[idom[i]])?.push(order[i]);
    const forward = predecessors.map((all, to) => all.filter((from) => from < to).length);
    return {
      order,
      rank,
      children,
      loops: new Set(edges.filter(([from, to]) => to <= from).map(([, to]) => order[to])),
      merges: new Set(order.filter((_, i) => forward[i] > 1)),
      isCut: (from, to) => cut.has(edgeKey(from, to)),
    };
  }
}
