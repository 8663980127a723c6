import type { Structure } from './structure';

/** Loops of at most so many instructions are small. */
const SMALL = 64;

/** The innermost loops of a flow graph. Loops are named by their headers, the nodes that are jumped back to. */
export class LoopNest {
  /** By node: header of the small innermost loop around it. */
  private readonly small = new Map<number, number>();

  /**
   * @param successors as the structure was made from
   * @param weight instructions of a node
   */
  constructor(
    private readonly structure: Structure,
    successors: (node: number) => readonly number[],
    weight: (node: number) => number,
  ) {
    const { order, loops } = structure;
    if (loops.size === 0) return;
    const predecessors = new Map<number, number[]>(order.map((node) => [node, []]));
    for (const from of order) {
      for (const to of successors(from)) if (!structure.isCut(from, to)) predecessors.get(to)?.push(from);
    }
    for (const header of loops) {
      const latches = (predecessors.get(header) ?? []).filter((from) => this.rank(from) >= this.rank(header));
      const body = bodyOf(header, latches, predecessors);
      const isInnermost = [...body].every((node) => node === header || !loops.has(node));
      if (!isInnermost || [...body].reduce((sum, node) => sum + weight(node), 0) > SMALL) continue;
      for (const node of body) this.small.set(node, header);
    }
  }

  get hasSmallLoops(): boolean {
    return this.small.size > 0;
  }

  /** Header of the innermost loop around a node, itself included, if that loop is small. */
  smallLoopAround(node: number): number | undefined {
    return this.small.get(node);
  }

  private rank(node: number): number {
    return this.structure.rank.get(node) as number;
  }
}

/** The nodes of a loop: what reaches its latches without passing its header. */
function bodyOf(
  header: number,
  latches: readonly number[],
  predecessors: ReadonlyMap<number, readonly number[]>,
): ReadonlySet<number> {
  const body = new Set([header]);
  const queue = [...latches];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (body.has(node)) continue;
    body.add(node);
    queue.push(...(predecessors.get(node) ?? []));
  }
  return body;
}
