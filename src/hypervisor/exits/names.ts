import type { ExitRecord } from './exit-record';

/** Numbers for the few names that recur in exit records, so that they fit typed arrays. */
export class Names<T extends string = string> {
  private readonly ids = new Map<T, number>();
  private readonly names: T[] = [];
  /** Exits come in runs of one kind: the name asked for last. */
  private lastName: T | undefined;
  private lastId = 0;

  /** @param known names that get the first numbers, in order */
  constructor(known: readonly T[] = []) {
    for (const name of known) this.idOf(name);
  }

  /** Number of a name, given out on first use: 0, 1, 2 … */
  idOf(name: T): number {
    if (name === this.lastName) return this.lastId;
    let id = this.ids.get(name);
    if (id === undefined) {
      id = this.names.push(name) - 1;
      this.ids.set(name, id);
    }
    this.lastName = name;
    this.lastId = id;
    return id;
  }

  nameOf(id: number): T {
    return this.names[id];
  }
}

/** What an exit is called: its reason, and the ABI and the name of its hypercall. */
type NamedExit = Pick<ExitRecord, 'reason' | 'abi' | 'hypercall'>;

/** The names of exits in one word: reason (8 bits), ABI (8), hypercall (16). */
export class ExitNames {
  private readonly reasons = new Names();
  private readonly abis = new Names();
  private readonly hypercalls = new Names();

  /** @returns unsigned */
  wordOf({ reason, abi, hypercall }: NamedExit): number {
    return (
      ((this.reasons.idOf(reason) << 24) | (this.abis.idOf(abi) << 16) | this.hypercalls.idOf(hypercall)) >>> 0
    );
  }

  read(word: number, target: NamedExit): void {
    target.reason = this.reasons.nameOf(word >>> 24);
    target.abi = this.abis.nameOf((word >>> 16) & 0xff);
    target.hypercall = this.hypercalls.nameOf(word & 0xffff);
  }
}
