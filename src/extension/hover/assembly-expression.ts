/** A piece of a line of assembly that can be evaluated, and what to evaluate. */
export interface AssemblyExpression {
  start: number;
  end: number;
  expression: string;
}

const REGISTER = /^%?(e?[abcd]x|[abcd][hl]|e?(si|di|bp|sp|ip)|eflags|[cdefgs]s|cr[0234]|dr[0-7]|[cpazstido]f)$/i;
/** NASM and Intel syntax: `[es:ebx+ecx*4+8]`. */
const INTEL_MEMORY = /\[[^[\]]+\]/g;
/** GAS: `%gs:8(%ebx,%ecx,4)`, `(%edx)`. */
const ATT_MEMORY =
  /(?:%([cdefgs]s):)?([-+]?(?:0x[0-9a-f]+|\d+|[A-Za-z_.$][\w.$]*)?)\(\s*(?:%(\w+))?\s*(?:,\s*%(\w+)\s*(?:,\s*([1248])\s*)?)?\)/gi;
const WORD = /%?[A-Za-z_.$][\w.$]*/g;

/**
 * What stands at a column of a line of i386 assembly, GAS or NASM: a memory operand, a register or a symbol.
 * @param column 0-based
 * @returns undefined in comments, on numbers and on blank space
 */
export function assemblyExpressionAt(line: string, column: number): AssemblyExpression | undefined {
  // A register inside a memory operand is shown by itself; elsewhere in the operand, the memory is.
  const word = matchAt(WORD, line, column);
  if (word && REGISTER.test(word[0])) return span(word, word[0].replace('%', '').toLowerCase());
  const intel = matchAt(INTEL_MEMORY, line, column);
  if (intel) return span(intel, intel[0]);
  const att = matchAt(ATT_MEMORY, line, column);
  if (att) return span(att, attToIntel(att));
  return word && isOperand(line, word.index) ? span(word, word[0].replace(/^\$/, '')) : undefined;
}

function matchAt(pattern: RegExp, line: string, column: number): RegExpExecArray | undefined {
  for (const match of line.matchAll(pattern)) {
    if (match.index <= column && column < match.index + match[0].length) return match;
  }
  return undefined;
}

function span(match: RegExpExecArray, expression: string): AssemblyExpression {
  return { start: match.index, end: match.index + match[0].length, expression };
}

function attToIntel([, segment, displacement, base, index, scale]: RegExpExecArray): string {
  const parts = [
    base,
    index && (scale && scale !== '1' ? `${index}*${scale}` : index),
    displacement.replace(/^\+/, ''),
  ];
  const sum = parts.filter(Boolean).join('+').replace('+-', '-');
  return `[${segment ? `${segment}:` : ''}${sum}]`;
}

/** The first word of a statement is a mnemonic, a directive or a label: nothing to evaluate. */
function isOperand(line: string, at: number): boolean {
  const before = line.slice(0, at);
  if (/[;#]|\/\//.test(before)) return false;
  return /^\s*(?:[\w.$@]+:)?\s*(?:(?:rep(?:n?[ez])?|lock)\s+)?[a-z.]\w*\s+.*$/i.test(before);
}
