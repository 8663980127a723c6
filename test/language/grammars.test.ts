import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Rule {
  include?: string;
  name?: string;
  match?: string;
  begin?: string;
  end?: string;
  captures?: Record<string, Rule>;
  beginCaptures?: Record<string, Rule>;
  endCaptures?: Record<string, Rule>;
  patterns?: Rule[];
}

interface Grammar {
  scopeName: string;
  patterns: Rule[];
  repository: Record<string, Rule>;
}

function read<T>(file: string): T {
  return JSON.parse(readFileSync(join('syntaxes', file), 'utf8')) as T;
}

/** A rule and all rules inside it, includes not followed. */
function* rulesIn(rule: Rule): Generator<Rule> {
  yield rule;
  for (const inner of rule.patterns ?? []) yield* rulesIn(inner);
  for (const captures of [rule.captures, rule.beginCaptures, rule.endCaptures]) {
    for (const capture of Object.values(captures ?? {})) yield* rulesIn(capture);
  }
}

function allRules(grammar: Grammar): Rule[] {
  return [...grammar.patterns, ...Object.values(grammar.repository)].flatMap((rule) => [...rulesIn(rule)]);
}

/** Oniguruma's inline flag at the start is the only thing in these grammars that JavaScript writes differently. */
function compile(source: string): RegExp {
  return source.startsWith('(?i)') ? new RegExp(source.slice(4), 'i') : new RegExp(source);
}

/** Groups of the expression, by matching it against nothing. */
function countGroups(source: string): number {
  return (new RegExp(`${source.replace(/^\(\?i\)/, '')}|`).exec('')?.length ?? 1) - 1;
}

/** Names that the rules under `entry` of the repository give to `text` as a whole, the first match at its start. */
function scopeOf(grammar: Grammar, entry: string, text: string): string | undefined {
  const rule = grammar.repository[entry];
  assert.ok(rule, entry);
  for (const inner of rule.patterns ?? []) {
    if (inner.include) {
      const found = scopeOf(grammar, inner.include.slice(1), text);
      if (found) return found;
    }
    const source = inner.begin ?? inner.match;
    const match = source === undefined ? null : compile(source).exec(text);
    if (match?.index !== 0 || match[0].length === 0) continue;
    const whole = Object.entries(inner.beginCaptures ?? inner.captures ?? {}).find(
      ([group]) => match[Number(group)] === match[0].trim(),
    );
    return whole?.[1].name ?? inner.name;
  }
  return undefined;
}

const LANGUAGES = ['gas-i386', 'nasm-i386'] as const;

for (const language of LANGUAGES) {
  describe(`the grammar of ${language}`, () => {
    const grammar = read<Grammar>(`${language}.tmLanguage.json`);
    const rules = allRules(grammar);

    it('has the scope that package.json names', () => {
      assert.equal(grammar.scopeName, `source.asm.${language}`);
    });

    it('includes only what there is, and uses all of it', () => {
      const included = new Set(rules.flatMap((rule) => (rule.include ? [rule.include] : [])));
      for (const name of included) assert.ok(name.slice(1) in grammar.repository, name);
      for (const name of Object.keys(grammar.repository)) assert.ok(included.has(`#${name}`), `#${name} is unused`);
    });

    it('has expressions that compile, and captures for groups that exist', () => {
      for (const rule of rules) {
        for (const source of [rule.match, rule.begin, rule.end]) if (source !== undefined) compile(source);
        for (const [source, captures] of [
          [rule.match, rule.captures],
          [rule.begin, rule.beginCaptures],
          [rule.end, rule.endCaptures],
        ] as const) {
          for (const group of Object.keys(captures ?? {})) {
            assert.ok(Number(group) <= countGroups(source ?? ''), `group ${group} of ${source}`);
          }
        }
      }
    });

    it('ends every name with the language', () => {
      for (const { name } of rules) if (name !== undefined) assert.ok(name.endsWith(`.${language}`), name);
    });

    it('goes with a language configuration whose expressions compile', () => {
      const configuration = read<{
        wordPattern: string;
        folding: { markers: { start: string; end: string } };
        indentationRules: Record<string, string>;
      }>(`${language}.language-configuration.json`);
      for (const source of [
        configuration.wordPattern,
        configuration.folding.markers.start,
        configuration.folding.markers.end,
        ...Object.values(configuration.indentationRules),
      ]) {
        new RegExp(source);
      }
    });

    const numbers: Record<(typeof LANGUAGES)[number], [string, string][]> = {
      'gas-i386': [
        ['0x3f8', 'hexadecimal'],
        ['0FFh', 'hexadecimal'],
        ['0b101', 'binary'],
        ['0177', 'octal'],
        ['42', 'decimal'],
        ['1.5e3', 'float'],
        ['0f3.14', 'float'],
      ],
      'nasm-i386': [
        ['0x3f8', 'hexadecimal'],
        ['3F8h', 'hexadecimal'],
        ['$0ff', 'hexadecimal'],
        ['1010_0101b', 'binary'],
        ['0b101', 'binary'],
        ['777o', 'octal'],
        ['0q17', 'octal'],
        ['42', 'decimal'],
        ['42d', 'decimal'],
        ['1.5e3', 'float'],
        ['0x1.8p3', 'float'],
      ],
    };
    for (const [text, kind] of numbers[language]) {
      it(`takes ${text} for a number, ${kind}`, () => {
        assert.equal(scopeOf(grammar, 'numbers', text), `constant.numeric.${kind}.${language}`);
      });
    }

    const mnemonics: [string, string][] = [
      ['mov', 'keyword.mnemonic.transfer'],
      ['cmovnz', 'keyword.mnemonic.transfer'],
      ['sbb', 'keyword.mnemonic.arithmetic'],
      ['shld', 'keyword.mnemonic.logic'],
      ['scasb', 'keyword.mnemonic.string'],
      ['outsb', 'keyword.mnemonic.io'],
      ['jecxz', 'keyword.control.jump'],
      ['iret', 'keyword.control.call'],
      ['sti', 'keyword.mnemonic.flags'],
      ['invlpg', 'keyword.mnemonic.system'],
      ['vmcall', 'keyword.mnemonic.virtualization'],
      ['fyl2xp1', 'keyword.mnemonic.x87'],
      ['punpckldq', 'keyword.mnemonic.mmx'],
      ['cvttsd2si', 'keyword.mnemonic.sse'],
      ['repne', 'keyword.mnemonic.prefix'],
    ];
    const suffixed: [string, string][] = [
      ['movl', 'keyword.mnemonic.transfer'],
      ['movzbl', 'keyword.mnemonic.transfer'],
      ['insw', 'keyword.mnemonic.io'],
      ['outb', 'keyword.mnemonic.io'],
      ['ljmp', 'keyword.control.jump'],
      ['fistpll', 'keyword.mnemonic.x87'],
      ['lgdtl', 'keyword.mnemonic.system'],
    ];
    for (const [text, scope] of language === 'gas-i386' ? [...mnemonics, ...suffixed] : mnemonics) {
      it(`knows ${text}`, () => {
        assert.equal(scopeOf(grammar, 'instructions', text), `${scope}.${language}`);
      });
    }

    it('knows no instruction that is only the start of a word', () => {
      for (const text of ['mover', 'out_of_line', 'in.local', 'addend', 'call:']) {
        assert.equal(scopeOf(grammar, 'instructions', text), undefined, text);
      }
    });
  });
}
