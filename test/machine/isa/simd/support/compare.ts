import { CODE_BYTES, IMAGE, NO_TRAP, OPERANDS, registerOffset, type VectorCase, type VectorResult } from './case';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex');
const word = (image: Uint8Array, at: number): string => hex(image.subarray(at, at + 2));

/** What a state is made of, named. */
function parts(result: VectorResult): Map<string, string> {
  const { image } = result;
  const found = new Map<string, string>();
  found.set('trap', result.trap === NO_TRAP ? 'none' : String(result.trap));
  found.set('control', word(image, IMAGE.control));
  found.set('status', word(image, IMAGE.status));
  found.set('tags', hex(image.subarray(IMAGE.tags, IMAGE.tags + 1)));
  found.set('mxcsr', word(image, IMAGE.mxcsr));
  for (let i = 0; i < 8; i++) {
    const at = registerOffset(image, i);
    found.set(`mm${i}`, hex(image.subarray(at, at + 10)));
    found.set(`xmm${i}`, hex(image.subarray(IMAGE.xmm + i * 16, IMAGE.xmm + (i + 1) * 16)));
    // ESP is the executor's.
    if (i !== 4) found.set(`r${i}`, (result.registers[i] >>> 0).toString(16));
  }
  found.set('eflags', (result.eflags & 0xcd5).toString(16));
  found.set('memory', Buffer.from(result.operands).toString('hex'));
  return found;
}

/** What differs between two results, in words; `without` names parts that need not be equal. */
export function differences(expected: VectorResult, actual: VectorResult, without: readonly string[] = []): string[] {
  const theirs = parts(expected);
  return [...parts(actual)]
    .filter(([name, value]) => theirs.get(name) !== value && !without.includes(name))
    .map(([name, value]) => `${name} is ${value}, not ${theirs.get(name)}`);
}

/** A case in words, with the operands that its bytes name. */
export function describeCase(test: VectorCase): string {
  const before = parts({ ...test, trap: NO_TRAP });
  const bytes = Buffer.from(test.code.slice(0, CODE_BYTES)).toString('hex');
  const registers = [...before].map(([name, value]) => `${name}=${value}`).join(' ');
  return `${test.mnemonic} ${bytes} (operands at ${OPERANDS.toString(16)}) ${registers}`;
}
