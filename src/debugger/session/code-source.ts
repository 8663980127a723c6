import type { CodeSource } from '../disassembly/disassembler';
import type { Guest } from '../guest/guest';
import type { SourceLocation } from '../types';

/** The guest's code as the disassembler reads it. */
export class GuestCodeSource implements CodeSource {
  constructor(private readonly guest: Guest) {}

  get bits(): 16 | 32 {
    return this.guest.codeBits;
  }

  get base(): number {
    return this.guest.codeBase;
  }

  read(address: number, length: number): Uint8Array {
    return this.guest.memory.readAvailable(address, length);
  }

  startBelow(address: number, floor: number): number | undefined {
    const { symbols } = this.guest;
    const before = address - 1;
    const line = symbols.lineAt(before)?.start;
    const symbol = symbols.symbolAt(before)?.symbol;
    const start = Math.max(line ?? -1, symbol && symbol.kind !== 'object' ? symbol.address : -1);
    return start >= floor && start < address ? start : undefined;
  }

  symbol(address: number): string | undefined {
    return this.guest.symbols.symbolAt(address)?.text;
  }

  label(address: number): string | undefined {
    const match = this.guest.symbols.symbolAt(address);
    return match?.offset === 0 ? match.text : undefined;
  }

  source(address: number): SourceLocation | undefined {
    const line = this.guest.symbols.lineAt(address);
    return line && { path: line.path, line: line.line, ...(line.column !== undefined && { column: line.column }) };
  }
}
