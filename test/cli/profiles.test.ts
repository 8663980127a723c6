import assert from 'node:assert/strict';
import { ringside } from './support';
import { commandLine } from '../../src/cli/command-line';
import { COST_PROFILES } from '../../src/hypervisor/cost/profiles';
import { FakeEngine } from '../dap/support/fake-session';
import { MemoryHost } from '../dap/support/memory-host';
import { TestConsole } from './support';

/** Runs a command line on a host with one file. */
async function withFile(path: string, text: string, argv: string[]): Promise<{ status: number; console: TestConsole }> {
  const console = new TestConsole();
  const host = new MemoryHost();
  host.files.set(path, new TextEncoder().encode(text));
  const status = await commandLine(argv, console, new FakeEngine(), () => host);
  return { status, console };
}

describe('ringside profiles', () => {
  it('lists all profiles with what an access costs', async () => {
    const { status, console } = await ringside(['profiles']);
    assert.equal(status, 0);
    const lines = console.stdout.split('\n');
    assert.match(lines[0], /^Profile +Year +MHz +native +trap +vtx +VMI call +VMCALL +Processor$/);
    assert.match(lines[1], /^pentium4-672 +2005 +3800 +3,209 +2,030 +15,826 +1,254 +15,826 +Intel/);
    assert.equal(
      lines.findIndex((line) => line === ''),
      COST_PROFILES.length + 1,
    );
  });

  it('tells every figure of one, and where it comes from', async () => {
    const { status, console } = await ringside(['profiles', 'Nehalem']);
    assert.equal(status, 0);
    assert.match(console.stdout, /^nehalem: Intel Xeon X5570 \(Nehalem\), 2009, 2930 MHz\n/);
    assert.match(console.stdout, /\nvtx\.port\.return +599 +assumed +entry takes the same share/);
    assert.equal(console.stdout.match(/\n(trap|vtx|hypercall|vmcall)\./g)?.length, 14 * 4);
  });

  it('writes one as JSON that can be read again', async () => {
    const { console } = await ringside(['profiles', 'merom', '--json']);
    assert.deepEqual(JSON.parse(console.stdout), JSON.parse(JSON.stringify(COST_PROFILES[2])));
    const again = await withFile('mine.json', console.stdout, ['profiles', 'mine.json']);
    assert.equal(again.status, 0);
    assert.match(again.console.stdout, /^merom: Intel Core 2/);
  });

  it('names a profile after its file', async () => {
    const { console } = await withFile('a/b.json', '{"native":77}', ['profiles', 'a/b.json']);
    assert.match(console.stdout, /^b: Intel Pentium 4 672/);
    assert.match(console.stdout, /\nnative +77 +given/);
  });

  const MISTAKES: [string, string[], RegExp][] = [
    ['an unknown name', ['profiles', 'z80'], /There is no profile "z80"; use one of pentium4-672, .*, or the path/],
    ['a missing file', ['profiles', 'no.json'], /^ringside: no\.json: /],
    ['two names', ['profiles', 'merom', 'penryn'], /One profile at a time; what is "penryn"\?/],
    ['--json for all', ['profiles', '--json'], /--json needs the name of a profile/],
  ];
  for (const [name, argv, message] of MISTAKES) {
    it(`refuses ${name}`, async () => {
      const { status, console } = await ringside(argv);
      assert.equal(status, 2);
      assert.match(console.stderr, message);
    });
  }

  it('names the place in a file that is wrong', async () => {
    const wrong = await withFile('x.json', '{"trap":{"port":{"decode":-4}}}', ['profiles', 'x.json']);
    assert.equal(wrong.status, 2);
    assert.match(wrong.console.stderr, /^ringside: x\.json: trap\.port\.decode: expected cycles, .* got -4\.\n$/);
    const cut = await withFile('x.json', '{', ['profiles', 'x.json']);
    assert.equal(cut.status, 2);
    assert.match(cut.console.stderr, /^ringside: x\.json: /);
  });
});
