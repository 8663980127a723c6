import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { decodeRecorded, formName, mooName } from './instruction';
import { findOpcodeList, listedUndefinedFlags, readOpcodeList } from './opcode-list';
import { runFiles } from './pool';
import { familyOf } from './results';
import { ConformanceSuite, findMooFiles } from './suite';
import { exceptionFrame, recorded286, recorded386, type TestText, writeMoo } from './support/moo-writer';
import { formatTable, mnemonicOf, splitName, total } from './table';

const LIST = `op,ex,f_umask,description
00,,,Add
08,,0xFFEF,"Or, inclusive"
80,4,0xFFEF,And
0FBC,,0xF76A,Bit Scan Forward
`;

const wrongAdd = recorded386({ code: [0x00, 0xd8], registers: { eax: 1, ebx: 1 }, final: { registers: { eax: 3 } } });
const nop = recorded386({ code: [0x90], final: {} });
/** or al, bl, recorded with AF, which is undefined */
const orWithAdjust = recorded386({
  code: [0x08, 0xd8],
  registers: { eax: 1 },
  final: { registers: { eflags: 0xfffc0012 } },
});

describe('suite of recorded tests', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'moo-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(name: string, tests: readonly TestText[], cpu = '386E'): string {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    const bytes = writeMoo({ cpu, tests });
    writeFileSync(path, name.endsWith('.gz') ? gzipSync(bytes) : bytes);
    return path;
  }

  it('finds plain and packed files of any case below a folder', () => {
    for (const name of ['80386/6601.MOO.gz', '80386/deep/0fa4.moo', '80286/80.4.MOO']) write(name, [nop]);
    writeFileSync(join(folder, '80386.csv'), LIST);
    const names = findMooFiles(folder).map(mooName);
    assert.deepEqual(names, ['80.4', '6601', '0FA4']);
  });

  it('counts what passes and fails, and describes the first failures', () => {
    const suite = new ConformanceSuite();
    const result = suite.runFile(write('00.MOO.gz', [nop, wrongAdd, nop, wrongAdd]), 1);
    assert.deepEqual([result.passed, result.failed, result.cpu, result.name], [2, 2, '386E', '00']);
    assert.deepEqual(result.failures, ['#1 00 d8 f4: eax: recorded 3, got 2']);
  });

  it('stays clean after a failure', () => {
    // mov [bx+si], al writes where the next test reads
    const leak = recorded386({ code: [0x88, 0x00], registers: { eax: 0x77 }, final: { registers: { eax: 1 } } });
    const read = recorded386({ code: [0x8a, 0x00], final: {} });
    const result = new ConformanceSuite().runFile(write('88.MOO', [leak, read]), 5);
    assert.deepEqual([result.passed, result.failed], [1, 1]);
  });

  it('fails a file for writes that no recording names', () => {
    const leak = recorded386({ code: [0x88, 0x00], registers: { eax: 0x77 }, final: {} });
    const result = new ConformanceSuite().runFile(write('88.MOO', [leak]), 5);
    assert.deepEqual([result.passed, result.failed], [1, 1]);
    assert.match(result.failures[0], /1 bytes that no recording names, such as 20000/);
  });

  it('takes undefined flags from the list of opcodes beside the file, else from the manual', () => {
    const path = write('v1/08.MOO', [orWithAdjust]);
    assert.equal(new ConformanceSuite().runFile(path, 0).passed, 1, 'AF is undefined by the manual');
    writeFileSync(join(folder, '80386.csv'), LIST.replace('0xFFEF,"Or', ',"Or'));
    assert.equal(new ConformanceSuite().runFile(path, 0).failed, 1, 'the list says that all flags are defined');
    writeFileSync(join(folder, '80386.csv'), LIST);
    assert.equal(new ConformanceSuite().runFile(path, 0).passed, 1);
  });

  it('leaves out what the revocation list withdraws', () => {
    const hash = 'abcdef0123456789abcdef0123456789abcdef01';
    const path = write('00.MOO', [{ ...wrongAdd, hash }, nop]);
    writeFileSync(join(folder, 'revocation_list.txt'), `# bad tests\n${hash.toUpperCase()}\n`);
    const result = new ConformanceSuite().runFile(path, 0);
    assert.deepEqual([result.passed, result.failed, result.revoked], [1, 0, 1]);
  });

  it('fails a file that it cannot read, by name', () => {
    const path = join(folder, '00.MOO.gz');
    writeFileSync(path, gzipSync(Buffer.from('nothing')));
    const result = new ConformanceSuite().runFile(path, 0);
    assert.equal(result.failed, 1);
    assert.match(result.error ?? '', /00\.MOO\.gz cannot be read: /);
    writeFileSync(path, Buffer.from([0x1f, 0x8b, 0]));
    assert.equal(new ConformanceSuite().runFile(path, 0).failed, 1);
  });

  it('gives the same results from worker processes, in the order of the files', async function () {
    this.timeout(60_000);
    const paths = ['00.MOO', '01.MOO.gz', '02.MOO', '03.MOO'].map((name, i) =>
      write(name, [nop, ...Array<TestText>(i).fill(wrongAdd)]),
    );
    writeFileSync(paths[2], 'broken');
    const alone = await runFiles(paths, 1, 2);
    assert.deepEqual(await runFiles(paths, 2, 2), alone);
    assert.deepEqual(
      alone.map(({ passed, failed }) => [passed, failed]),
      [
        [1, 0],
        [1, 1],
        [0, 1],
        [1, 3],
      ],
    );
    assert.deepEqual(total(alone), { passed: 3, failed: 5, deliberate: 0, revoked: 0 });
    const lines = formatTable(alone).split('\n');
    assert.equal(lines.length, 5);
    assert.match(lines[4], /^386E\s+03\s+ADD\s+4\s+1\s+3\s+0$/);
  });

  describe('explains differences by rules', () => {
    const reasons = (test: TestText, cpu = '386E') => {
      const result = new ConformanceSuite().runFile(write('XX.MOO', [test], cpu), 5);
      return { reasons: Object.keys(result.deliberate), failed: result.failed };
    };
    const frame = exceptionFrame(6).memory;

    it('such as LOCK on the 286, but only if it is LOCK that makes the difference', () => {
      const locked = recorded286({ code: [0xf0, 0x90], memory: frame, final: {} });
      assert.match(reasons(locked, 'C286').reasons[0], /^LOCK is #UD on the 386/);
      const wrong = recorded286({ code: [0xf0, 0x01, 0x07], final: { registers: { ax: 1 } } });
      assert.deepEqual(reasons(wrong, 'C286'), { reasons: [], failed: 1 });
      const modern = recorded386({ code: [0xf0, 0x90], memory: frame, final: {} });
      assert.deepEqual(reasons(modern), { reasons: [], failed: 1 });
    });

    it('the prefetch queue of the 386', () => {
      // mov [1003], al overwrites the HLT behind it, which the chip has fetched before
      const code = [0x2e, 0xa2, 0x04, 0x01];
      const test = recorded386({ code, registers: { eax: 0x90 }, final: { memory: { 0x10104: 0x90 } } });
      assert.match(reasons(test).reasons[0], /no prefetch queue/);
    });

    it('a byte division of the recorded chip', () => {
      // idiv cl of SingleStepTests/80386, issue 3
      const quotient = (eax: number) =>
        recorded386({
          code: [0xf6, 0xf9],
          registers: { eax: 0xa1719c71, ecx: 0x47 },
          memory: exceptionFrame(0).memory,
          final: { registers: { eax } },
        });
      assert.match(reasons(quotient(0xa171f180)).reasons[0], /IDIV/);
      assert.deepEqual(reasons(quotient(0xa171f17f)), { reasons: [], failed: 1 });
    });

    it('registers that a recording does not have', () => {
      // mov eax, dr1 and mov eax, dr6
      const read = (modRm: number) =>
        recorded386({ code: [0x0f, 0x21, modRm], final: { registers: { eax: 0x12345678 } } });
      assert.match(reasons(read(0xc8)).reasons[0], /^CR2 and DR0 to DR3/);
      assert.deepEqual(reasons(read(0xf0)), { reasons: [], failed: 1 });
    });

    it('paging that comes on under the HLT', () => {
      // mov cr0, eax, with a page directory of zeros
      const registers = { eax: 0x80000001 };
      const test = recorded386({ code: [0x0f, 0x22, 0xc0], registers, final: { registers: { cr0: 0xfffefff1 } } });
      assert.match(reasons(test).reasons[0], /turned paging on/);
    });

    it('the flags that AAM by 0 pushes', () => {
      const test = recorded386({ code: [0xd4, 0], ...exceptionFrame(0, 0x46) });
      assert.match(reasons(test).reasons[0], /^AAM by 0/);
      const { memory, final, exception } = exceptionFrame(0);
      const moved = { ...final, registers: { ...final.registers, eax: 5 } };
      assert.equal(reasons(recorded386({ code: [0xd4, 0], memory, final: moved, exception })).failed, 1);
    });
  });
});

describe('names of recorded instructions', () => {
  it('come from the bytes, whatever the prefixes', () => {
    const name = (wide: boolean, ...bytes: number[]) => formName(decodeRecorded(Uint8Array.from(bytes), wide));
    assert.equal(name(true, 0x66, 0x2e, 0x67, 0x01, 0x00, 0xf4), '01');
    assert.equal(name(true, 0x80, 0x20, 0x01, 0xf4), '80.4');
    assert.equal(name(true, 0x67, 0x0f, 0xba, 0x78, 1, 2, 0xf4), '0FBA.7');
    assert.equal(name(true, 0xf3, 0x65, 0xa4, 0xf4), 'A4');
    assert.equal(name(false, 0x66, 0xf4), '66', 'the 286 has no size prefixes');
  });

  it('are taken apart as the suites write them', () => {
    assert.deepEqual(splitName('01'), { prefixes: '', opcode: 0x01, digit: undefined });
    assert.deepEqual(splitName('6601'), { prefixes: '66', opcode: 0x01, digit: undefined });
    assert.deepEqual(splitName('676601'), { prefixes: '6766', opcode: 0x01, digit: undefined });
    assert.deepEqual(splitName('67660FBA.4'), { prefixes: '6766', opcode: 0x0fba, digit: 4 });
    assert.deepEqual(splitName('666F'), { prefixes: '66', opcode: 0x6f, digit: undefined });
    assert.deepEqual(splitName('66.00'), { prefixes: '66', opcode: 0x00, digit: undefined });
    assert.equal(splitName('README'), undefined);
    assert.deepEqual(['6601', '80.4', '0FBA.4', '66F7.6', '67D3.5'].map(mnemonicOf), [
      'ADD',
      'AND',
      'BT',
      'DIV',
      'SHR',
    ]);
    assert.deepEqual(['6601', '67660FBA.4', 'D3.5', 'A4', '0F84', 'E5', '8B', 'F4', '66C8', '27'].map(familyOf), [
      ...['arithmetic and logic', 'bits', 'shifts and rotates', 'strings', 'branches, calls, interrupts', 'ports'],
      ...['data transfer', 'system and flags', 'stack', 'decimal adjustment'],
    ]);
  });
});

describe('list of opcodes', () => {
  it('gives undefined flags by opcode and digit', () => {
    const list = readOpcodeList(LIST);
    assert.equal(listedUndefinedFlags(list, '00'), 0);
    assert.equal(listedUndefinedFlags(list, '08'), 0x10);
    assert.equal(listedUndefinedFlags(list, '80.4'), 0x10);
    assert.equal(listedUndefinedFlags(list, '0FBC'), 0x895);
    assert.equal(listedUndefinedFlags(list, '0FBD'), undefined);
  });

  it('is refused where it makes no sense', () => {
    assert.throws(() => readOpcodeList('op,ex\n00,'), /no column f_umask/);
    assert.throws(() => readOpcodeList('op,ex,f_umask\n00,,what'), /line 2.*what/);
  });

  it('is not invented', () => {
    assert.equal(findOpcodeList(join(tmpdir(), 'nowhere', '00.MOO')), undefined);
  });
});
