import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { nodeHost } from '../../debugAdapter/host/node';
import { ringsideEngine } from '../../debugAdapter/ringside-engine';
import { commandLine } from '../../src/cli/command-line';
import type { ExitCosts } from '../../src/debugger/inspection/types';
import { builtGuest, ROOT } from '../dap/support/real-guest';
import { TestConsole } from './support';

/** Exit costs of the `ports` guest, which makes the same accesses whatever the time. */
async function costs(...options: string[]): Promise<ExitCosts['totals'] & { rows: ExitCosts['rows'] }> {
  const console = new TestConsole();
  const assets = dirname(require.resolve('iced-x86/package.json'));
  const status = await commandLine(
    ['run', builtGuest('ports.elf'), '--serial', 'none', '--exit-costs', 'json', ...options],
    console,
    ringsideEngine,
    () => nodeHost({ cwd: ROOT, assets }),
  );
  assert.equal(status, 0, console.stderr);
  const { totals, port } = JSON.parse(console.stdout) as { totals: ExitCosts['totals']; port: ExitCosts['rows'] };
  return { ...totals, rows: port };
}

describe('the what-if of a real guest', function () {
  this.timeout(60_000);

  it('is to the cycle what the other mode costs, under each profile, in sum and by port', async () => {
    for (const profile of ['pentium4-672', 'nehalem']) {
      const trap = await costs('--hypervisor', 'trap', '--cost-profile', profile);
      const vtx = await costs('--hypervisor', 'vtx', '--cost-profile', profile);
      const told = (from: typeof trap, channel: string): number | undefined =>
        from.whatIf?.find((answer) => answer.channel === channel)?.cycles;
      assert.equal(told(trap, 'vtx'), vtx.totalCycles, profile);
      assert.equal(told(vtx, 'trap'), trap.totalCycles, profile);
      for (const row of trap.rows) {
        const same = vtx.rows.find(({ key }) => key === row.key);
        assert.equal(row.whatIf?.find(({ channel }) => channel === 'vtx')?.cycles, same?.totalCycles, row.key);
      }
    }
  });

  it('and the costs themselves do not change when the guest is not charged', async () => {
    const charged = await costs('--hypervisor', 'trap');
    const free = await costs('--hypervisor', 'trap', '--no-charge');
    assert.equal(free.totalCycles, charged.totalCycles);
    assert.deepEqual([charged.charged, free.charged, free.exitTimePct], [true, false, 0]);
    assert.equal(free.guestCycles, charged.guestCycles - charged.totalCycles);
    assert.equal(free.instructions, charged.instructions);
  });
});
