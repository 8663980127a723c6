import { SectionFlags, type ElfFile } from '../../machine/loaders/elf';
import { SymbolError } from '../errors';
import { inflateSection } from '../formats/compressed-section';

/** The DWARF sections of one file; those that are not there are empty. */
export interface DwarfSections {
  info: Uint8Array;
  types: Uint8Array;
  abbrev: Uint8Array;
  str: Uint8Array;
  lineStr: Uint8Array;
  strOffsets: Uint8Array;
  addr: Uint8Array;
  line: Uint8Array;
  aranges: Uint8Array;
  ranges: Uint8Array;
  rnglists: Uint8Array;
  loc: Uint8Array;
  loclists: Uint8Array;
  frame: Uint8Array;
  /** `.eh_frame`, and the address it is linked at, which its PC-relative pointers need. */
  ehFrame: Uint8Array;
  ehFrameAddress: number;
}

const NAMES = {
  info: '.debug_info',
  types: '.debug_types',
  abbrev: '.debug_abbrev',
  str: '.debug_str',
  lineStr: '.debug_line_str',
  strOffsets: '.debug_str_offsets',
  addr: '.debug_addr',
  line: '.debug_line',
  aranges: '.debug_aranges',
  ranges: '.debug_ranges',
  rnglists: '.debug_rnglists',
  loc: '.debug_loc',
  loclists: '.debug_loclists',
  frame: '.debug_frame',
  ehFrame: '.eh_frame',
} as const satisfies Partial<Record<keyof DwarfSections, string>>;

/**
 * Finds the sections that hold debug information, inflating compressed ones. A section that can't be read is left
 * empty and `warn` is told why.
 */
export function dwarfSections(elf: ElfFile, warn: (message: string) => void): DwarfSections {
  const read = (name: string): Uint8Array => {
    const section = elf.section(name) ?? elf.section(name.replace('.debug', '.zdebug'));
    if (!section) return new Uint8Array(0);
    try {
      const bytes = elf.sectionBytes(section);
      const compressed = (section.flags & SectionFlags.Compressed) !== 0 || section.name.startsWith('.zdebug');
      return compressed ? inflateSection(bytes, section.name) : bytes;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      warn(error instanceof SymbolError ? error.message : `${name} is left out: ${error.message}`);
      return new Uint8Array(0);
    }
  };
  const entries = Object.entries(NAMES).map(([key, name]) => [key, read(name)]);
  const sections = Object.fromEntries(entries) as Omit<DwarfSections, 'ehFrameAddress'>;
  return { ...sections, ehFrameAddress: elf.section('.eh_frame')?.address ?? 0 };
}
