import { SymbolError } from '../errors';
import { inflate } from './inflate';

/** ELFCOMPRESS_ZLIB of the gABI. */
const ZLIB = 1;
const CHDR_SIZE = 12;
/** A section that claims to be larger than this is taken for damaged (bytes). */
const MAX_SIZE = 1 << 30;
/** DEFLATE can't do better than 1032:1 (zlib's technical details), so a larger claim is wrong. */
const MAX_RATIO = 1040;

/**
 * The contents of an SHF_COMPRESSED section (gABI, Elf32_Chdr) or of an old `.zdebug_` section ("ZLIB", size, big-endian).
 * @throws SymbolError
 */
export function inflateSection(bytes: Uint8Array, name: string): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < CHDR_SIZE) throw new SymbolError(`${name} is damaged: its compression header is cut off`);
  if (name.startsWith('.zdebug')) {
    if (view.getUint32(0) !== 0x5a4c4942) throw new SymbolError(`${name} does not start with "ZLIB"`);
    return unpack(bytes.subarray(CHDR_SIZE), Number(view.getBigUint64(4)), name);
  }
  const type = view.getUint32(0, true);
  if (type !== ZLIB) {
    throw new SymbolError(`${name} is compressed by method ${type}; link with --compress-debug-sections=zlib or none`);
  }
  return unpack(bytes.subarray(CHDR_SIZE), view.getUint32(4, true), name);
}

function unpack(zlib: Uint8Array, size: number, name: string): Uint8Array {
  if (size > MAX_SIZE || size > zlib.length * MAX_RATIO) {
    throw new SymbolError(`${name} is damaged: ${zlib.length} compressed bytes can't become ${size}`);
  }
  // RFC 1950: method 8, header a multiple of 31, no preset dictionary.
  if (zlib.length < 2 || (zlib[0] & 15) !== 8 || ((zlib[0] << 8) | zlib[1]) % 31 !== 0 || zlib[1] & 0x20) {
    throw new SymbolError(`${name} is damaged: no zlib header`);
  }
  return inflate(zlib.subarray(2), size, name);
}
