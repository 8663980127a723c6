import type { ExitRecord } from './exit-record';

/** Numbers for the few names that recur in exit records, so that they fit typed arrays. */
class Names {
  private readonly ids = new Map<string, number>();
  private readonly names: string[] = [];

  /** Number of a name, given out on first use: 0, 1, 2 … */
  idOf(name: string): number {
    let id = this.ids.get(name);
    if (id === undefined) {
      id = this.names.push(name) - 1;
      this.ids.set(name, id);
    }
    return id;
  }

  nameOf(id: number): string {
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
  /** Exits come in runs of one kind: the names asked for last, and their word. */
  private readonly last: NamedExit = { reason: '', abi: '', hypercall: '' };
  private lastWord = this.encode(this.last);

  /** @returns unsigned */
  wordOf(exit: NamedExit): number {
    const { last } = this;
    if (exit.hypercall === last.hypercall && exit.reason === last.reason && exit.abi === last.abi) return this.lastWord;
    last.reason = exit.reason;
    last.abi = exit.abi;
    last.hypercall = exit.hypercall;
    this.lastWord = this.encode(exit);
    return this.lastWord;
  }

  private encode({ reason, abi, hypercall }: NamedExit): number {
    return ((this.reasons.idOf(reason) << 24) | (this.abis.idOf(abi) << 16) | this.hypercalls.idOf(hypercall)) >>> 0;
  }

  read(word: number, target: NamedExit): void {
    target.reason = this.reasons.nameOf(word >>> 24);
    target.abi = this.abis.nameOf((word >>> 16) & 0xff);
    target.hypercall = this.hypercalls.nameOf(word & 0xffff);
  }
}
