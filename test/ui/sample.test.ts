import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ROOT, type Theme, Workbench } from './workbench';

const WORKSPACE = join(ROOT, 'samples', 'paravirt-io.code-workspace');

describe('the main job: the sample workspace in the workbench', function () {
  this.timeout(180_000);
  let workbench: Workbench;

  const open = async (theme: Theme): Promise<void> => {
    workbench = await Workbench.open({
      workspace: WORKSPACE,
      theme,
      width: 1600,
      height: 1000,
      settings: { 'debug.onTaskErrors': 'debugAnyway' },
    });
  };

  const start = async (configuration: string): Promise<void> => {
    await workbench.command('Debug: Select and Start Debugging');
    await workbench.pick(configuration);
  };

  const breakOn = async (kind: string, target: string): Promise<void> => {
    await workbench.command('Ringside: Add Port or Hypercall Breakpoint');
    await workbench.pick(kind);
    await workbench.quickInput.fill(target);
    await workbench.quickRows.filter({ hasText: 'use what is typed' }).waitFor();
    await workbench.page.keyboard.press('Enter');
    await workbench.pick('Add Breakpoint');
  };

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await workbench.screenshot(`failed-${this.currentTest.title.slice(0, 40)}`);
    await workbench.dispose();
  });

  for (const theme of ['Dark Modern', 'Light Modern'] as const) {
    it(`F5, a port breakpoint, its stop in words, the costs beside an earlier run (${theme})`, async () => {
      await open(theme);
      const { page } = workbench;
      await workbench.openFile('uart.c', 62);
      await start('Trap and decode');
      await page.locator('.terminal-wrapper, .terminal-groups-container').first().waitFor();
      await workbench.sessionEnd();

      await workbench.command('View: Show Run and Debug');
      await breakOn('Port, written', '0x3f8');
      await start('VMI hypercalls');
      const stack = await workbench.pane('Call Stack');
      await stack
        .getByText(/OUT 0x3f8/)
        .first()
        .waitFor();
      const breakpoints = await workbench.pane('Breakpoints');
      await breakpoints.locator('.monaco-list-row', { hasText: 'out 0x3f8' }).waitFor();
      const ports = await workbench.pane('Ports');
      await ports.locator('.monaco-list-row', { hasText: '0x3f8' }).first().waitFor();
      await workbench.screenshot(`stop-${slug(theme)}`);

      // The rest of the run, for figures worth looking at.
      await breakpoints
        .locator('.monaco-list-row', { hasText: 'out 0x3f8' })
        .locator('.monaco-checkbox, input[type=checkbox]')
        .first()
        .click();
      await page.keyboard.press('F5');
      await workbench.sessionEnd();
      await workbench.command('Ringside: Show Exit Costs');
      const panel = await workbench.panel();
      await panel.locator('.status', { hasText: 'ended' }).waitFor();
      await workbench.select(panel, 'Group by', 'Port');
      await workbench.select(panel, 'Compare with', 'Trap and decode');
      await panel.locator('td.change').first().waitFor();
      const totals = await panel.locator('tfoot td').allInnerTexts();
      assert.match(totals[0], /^\d{1,3}(,\d{3})+$/);
      await page.waitForTimeout(500);
      await workbench.screenshot(`costs-${slug(theme)}`);
    });
  }
});

function slug(theme: string): string {
  return theme.toLowerCase().replaceAll(' ', '-');
}
