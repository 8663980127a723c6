import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExitCostRow, ExitCostsResponse } from '../../debugAdapter/protocol';
import { nodeHost } from '../../debugAdapter/host/node';
import { ringsideEngine } from '../../debugAdapter/ringside-engine';
import { commandLine } from '../../src/cli/command-line';
import { builtGuest, ROOT } from '../dap/support/real-guest';
import { TestConsole } from './support';

/** More exits than the log keeps in full. */
const EXITS = 70_000;

/** `mov ecx, EXITS`; `out 0x80, al`; `dec ecx; jnz`; `cli; hlt`, in real mode. */
const MANY_EXITS = [
  ...[0x66, 0xb9, EXITS & 0xff, (EXITS >> 8) & 0xff, EXITS >> 16, 0],
  ...[0xe6, 0x80, 0x66, 0x49, 0x75, 0xfa, 0xfa, 0xf4],
];

interface Node {
  id: number;
  children: number[];
  callFrame: { functionName: string; url: string; lineNumber: number };
  ringside?: { exits: number; cycles: number };
}

interface Costs {
  function: ExitCostRow[];
  line: ExitCostRow[];
  totals: ExitCostsResponse['totals'];
}

describe('--trace with real guests', function () {
  this.timeout(60_000);
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ringside-'));
  });

  after(() => rmSync(folder, { recursive: true }));

  /** Runs a guest; its exit costs, and the file that it wrote. */
  const run = async <T>(program: string, mode: string, name: string): Promise<{ costs: Costs; file: T }> => {
    const console = new TestConsole();
    const assets = dirname(require.resolve('iced-x86/package.json'));
    const [trace, costs] = [join(folder, name), join(folder, 'costs.json')];
    const argv = ['run', program, '--hypervisor', mode, '--serial', 'none', '--trace', trace, '--exit-costs', costs];
    const status = await commandLine(argv, console, ringsideEngine, (cwd) => nodeHost({ cwd: cwd ?? ROOT, assets }));
    assert.equal(status, 0, console.stderr);
    const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
    return { costs: read(costs) as Costs, file: read(trace) as T };
  };

  const manyExits = (): string => {
    const sector = new Uint8Array(512);
    sector.set(MANY_EXITS);
    sector.set([0x55, 0xaa], 510);
    const path = join(folder, 'many.bin');
    writeFileSync(path, sector);
    return path;
  };

  for (const mode of ['trap', 'vmi']) {
    it(`writes a CPU profile whose sums by function and line are those of the exit costs (${mode})`, async () => {
      const { costs, file } = await run<{ nodes: Node[] }>(builtGuest('paravirt-io.elf'), mode, 'run.cpuprofile');
      const byId = new Map(file.nodes.map((node) => [node.id, node]));
      const sum = (nodes: Node[]): number => nodes.reduce((cycles, node) => cycles + (node.ringside?.cycles ?? 0), 0);
      assert.equal(sum(file.nodes), costs.totals.totalCycles);

      const functions = new Map<string, number>();
      for (const id of file.nodes[0].children) {
        const { callFrame, children } = byId.get(id)!;
        if (callFrame.functionName === '(program)') continue;
        const cycles = sum(children.map((child) => byId.get(child)!));
        functions.set(callFrame.functionName, (functions.get(callFrame.functionName) ?? 0) + cycles);
      }
      assert.deepEqual(sorted(functions), sorted(costs.function.map((row) => [row.key, row.totalCycles])));

      const lines = new Map<string, number>();
      for (const { callFrame, ringside } of file.nodes) {
        if (!ringside || callFrame.url === '') continue;
        const line = `${callFrame.url}:${callFrame.lineNumber + 1}`;
        lines.set(line, (lines.get(line) ?? 0) + ringside.cycles);
      }
      const wanted = costs.line.flatMap(({ source, totalCycles }): [string, number][] =>
        source ? [[`file://${source.path}:${source.line}`, totalCycles]] : [],
      );
      assert.ok(wanted.length > 20);
      assert.deepEqual(sorted(lines), sorted(wanted));
    });
  }

  it('writes every exit of a run that makes more than the log keeps', async () => {
    const guest = manyExits();
    const profile = await run<{ nodes: Node[] }>(guest, 'trap', 'many.cpuprofile');
    assert.equal(profile.costs.totals.samples, EXITS);
    const exits = profile.file.nodes.reduce((count, { ringside }) => count + (ringside?.exits ?? 0), 0);
    assert.equal(exits, EXITS);

    const trace = await run<{
      traceEvents: { ph: string; args?: { sequence?: number } }[];
      otherData: Record<string, unknown>;
    }>(guest, 'trap', 'many.json');
    const slices = trace.file.traceEvents.filter(({ ph }) => ph === 'X');
    assert.equal(slices.length, EXITS);
    assert.ok(slices.every(({ args }, index) => args?.sequence === index));
    assert.deepEqual([trace.file.otherData.exits, trace.file.otherData.missing], [EXITS, 0]);
  });
});

function sorted(pairs: Iterable<readonly [string, number]>): (readonly [string, number])[] {
  return [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
}
