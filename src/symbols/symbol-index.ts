import { lastNotAbove } from './dwarf/address-map';

/** A name for an address. Addresses are linked ones inside a module, linear ones outside. */
export interface ProgramSymbol {
  readonly name: string;
  readonly address: number;
  /** Bytes; 0 for labels, which reach to the next symbol. */
  readonly size: number;
  readonly kind: 'function' | 'object' | 'label' | 'absolute';
  /** Visible to other object files. */
  readonly global: boolean;
  /** What has no size reaches to the next symbol, but no further than this. */
  readonly limit: number;
}

const KIND_RANK: Readonly<Record<ProgramSymbol['kind'], number>> = { function: 3, object: 2, label: 1, absolute: 0 };

/** The better name for an address comes last: functions before labels, global before local, then by name. */
function compare(a: ProgramSymbol, b: ProgramSymbol): number {
  return (
    a.address - b.address ||
    KIND_RANK[a.kind] - KIND_RANK[b.kind] ||
    Number(a.global) - Number(b.global) ||
    (a.name < b.name ? 1 : a.name > b.name ? -1 : 0)
  );
}

/** Whether an address that is not before a symbol is still part of it. */
function reaches(symbol: ProgramSymbol, address: number): boolean {
  return address < (symbol.size === 0 ? symbol.limit : symbol.address + symbol.size);
}

/** Symbols by name and by address. */
export class SymbolIndex {
  private readonly sorted: ProgramSymbol[];
  private readonly addresses: Float64Array;
  /** Largest end of a sized symbol up to each place. */
  private readonly maxEnds: Float64Array;
  private readonly byName = new Map<string, ProgramSymbol[]>();

  constructor(readonly all: readonly ProgramSymbol[]) {
    this.sorted = all.filter((symbol) => symbol.kind !== 'absolute').sort(compare);
    this.addresses = Float64Array.from(this.sorted, (symbol) => symbol.address);
    this.maxEnds = new Float64Array(this.sorted.length);
    let max = 0;
    this.sorted.forEach((symbol, i) => {
      max = Math.max(max, symbol.address + symbol.size);
      this.maxEnds[i] = max;
    });
    for (const symbol of all) {
      const same = this.byName.get(symbol.name);
      if (same) same.push(symbol);
      else this.byName.set(symbol.name, [symbol]);
    }
  }

  /** All symbols with a name; local ones of several files may share it. Global ones come first. */
  lookup(name: string): ProgramSymbol[] {
    return [...(this.byName.get(name) ?? [])].sort((a, b) => Number(b.global) - Number(a.global));
  }

  /**
   * The symbol that an address belongs to: the nearest label or symbol before it, if it reaches that far; an address
   * after the end of a sized symbol belongs to an outer one, or to none.
   */
  at(address: number): ProgramSymbol | undefined {
    for (let i = lastNotAbove(this.addresses, address); i >= 0; i--) {
      const symbol = this.sorted[i];
      if (reaches(symbol, address)) return symbol;
      // Only a sized symbol that began earlier can still hold the address.
      if (this.maxEnds[i] <= address) return undefined;
    }
    return undefined;
  }

  /** The function whose extent holds an address. */
  functionAt(address: number): ProgramSymbol | undefined {
    for (let i = lastNotAbove(this.addresses, address); i >= 0; i--) {
      const symbol = this.sorted[i];
      if (symbol.kind !== 'function') continue;
      if (reaches(symbol, address)) return symbol;
      if (this.maxEnds[i] <= address) return undefined;
    }
    return undefined;
  }
}
