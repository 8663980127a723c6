import type { Structure } from './structure';

/** Which loops the nodes of a flow graph are in. Loops are named by their headers, the nodes that are jumped back to. */
export class LoopNest {
  /** By node: headers of the loops around it, innermost first. */
  private readonly loops = new Map<number, number[]>();

  /** @param successors as the structure was made from */
  constructor(
    private readonly structure: Structure,
    successors: (node: number) => readonly number[],
  ) {
    const { order, rank } = structure;
    const predecessors = new Map<number, number[]>(order.map((node) => [node, []]));
    for (const from of order) {
      for (const to of successors(from)) if (!structure.isCut(from, to)) predecessors.get(to)?.push(from);
    }
    // A header further down the order is never around one further up, so that inner loops come first.
    for (const header of [...order].reverse()) {
      if (!structure.loops.has(header)) continue;
      const latches = (predecessors.get(header) ?? []).filter(
        (from) => this.rank(from) >= (rank.get(header) as number),
      );
      for (const node of bodyOf(header, latches, predecessors)) {
        const around = this.loops.get(node);
        if (around) around.push(header);
        else this.loops.set(node, [header]);
      }
    }
  }

  /** Header of the innermost loop around a node, itself included. */
  innermost(node: number): number | undefined {
    return this.loops.get(node)?.[0];
  }

  /** Headers of the loops around a loop, from the inside out. */
  around(header: number): readonly number[] {
    return (this.loops.get(header) ?? []).slice(1);
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
