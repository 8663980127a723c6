import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ROOT, type Theme, Workbench } from './workbench';

const WORKSPACE = join(ROOT, 'samples', 'paravirt-io.code-workspace');

describe('the main job: the sample workspace in the workbench', function () {
  this.timeout(300_000);
  let workbench: Workbench;

  const open = async (theme: Theme): Promise<void> => {
    workbench = await Workbench.open({
      workspace: WORKSPACE,
      theme,
      width: 1480,
      height: 920,
      settings: { 'debug.onTaskErrors': 'debugAnyway' },
    });
  };

  const start = async (configuration: string): Promise<void> => {
    await workbench.command('Debug: Select and Start Debugging');
    await workbench.pick(configuration);
  };

  /** Breaks on a port that the run before has made known, on its n-th access. */
  const breakOnHit = async (kind: string, target: string, hit: string): Promise<void> => {
    await workbench.command('Ringside: Add Port or Hypercall Breakpoint');
    await workbench.pick(kind);
    const row = await workbench.typeFilter(target, (rows) =>
      rows.filter({ hasText: target }).filter({ hasText: 'accesses' }),
    );
    await row.click();
    await workbench.pick('Hit count');
    await workbench.enter(hit);
    await workbench.pick('Add Breakpoint');
  };

  afterEach(async function () {
    if (this.currentTest?.state !== 'passed')
      await workbench.screenshot(`failed-${this.currentTest?.title.slice(0, 40)}`);
    await workbench.dispose();
  });

  it('F5 without a launch.json, on the source of a guest', async () => {
    const guests = ['paravirt-io.elf', 'paravirt-io.img', 'paravirt-io.json', 'faults.elf'];
    workbench = await Workbench.open({
      copies: [
        join(ROOT, 'guests', 'paravirt-io', 'uart.c'),
        ...guests.map((name) => join(ROOT, 'dist', 'guests', name)),
      ],
    });
    const { page } = workbench;
    await workbench.openFile('uart.c');
    await page.locator('#status\\.editor\\.mode', { hasText: 'C' }).waitFor();
    await page.keyboard.press('F5');
    // C is many debuggers' language: VS Code asks which one is meant, if several are there.
    const terminal = page.locator('.xterm-rows').last();
    const choice = workbench.quickRows.filter({ hasText: 'Ringside' }).first();
    await terminal.or(choice).first().waitFor({ timeout: 60_000 });
    if (await choice.isVisible()) await choice.click();
    await terminal.getByText('paravirt-io: OK').waitFor({ timeout: 60_000 });
    await workbench.sessionEnd();
  });

  for (const theme of ['Dark Modern', 'Light Modern'] as const) {
    it(`F5, a port breakpoint, its stop in words, the costs beside an earlier run (${theme})`, async () => {
      await open(theme);
      const { page } = workbench;
      await workbench.openFile('uart.c', 62);
      await start('Trap and decode');
      await page.locator('.xterm-rows').last().getByText('paravirt-io: OK').waitFor({ timeout: 60_000 });
      await workbench.sessionEnd();

      // Second run, by hypercall: stops late, so that there is something to see.
      await workbench.command('View: Show Run and Debug');
      await breakOnHit('Port, written', '0x3f8', '4700');
      await start('VMI hypercalls');
      const stack = await workbench.pane('Call Stack');
      await stack
        .getByText(/OUT 0x3f8 \(COM1\.THR\)/)
        .first()
        .waitFor({ timeout: 60_000 });
      for (const title of ['Watch', 'Loaded Scripts', 'Variables']) await workbench.pane(title, false);
      await workbench.reveal(await workbench.pane('Breakpoints'), 'out 0x3f8 hit 4700');
      const ports = await workbench.pane('Ports');
      await workbench.viewAction(ports, 'Sort Ports');
      await workbench.pick('By count');
      await workbench.reveal(ports, /COM1\.THR.*4,70\d out/);
      const calls = await workbench.pane('Hypercalls');
      await workbench.reveal(calls, 'VMI_Init');
      await (await workbench.reveal(stack, 'uart_putc')).click();
      await page.locator('.tab.active', { hasText: 'uart.c' }).waitFor();

      await workbench.command('Ringside: Show Exit Costs');
      let panel = await workbench.panel();
      await panel.locator('.status', { hasText: 'stopped' }).waitFor();
      await workbench.select(panel, 'Group by', 'Port');
      await workbench.select(panel, 'Compare with', 'Trap and decode');
      await panel.locator('td.change').first().waitFor();
      await page.mouse.move(0, 0);
      await page.waitForTimeout(800);
      await workbench.screenshot(`sample-${slug(theme)}`);

      // On to the end; the panel has the last figures then.
      await workbench.setBreakpoint('out 0x3f8 hit 4700', false);
      await workbench.command('Debug: Continue');
      await workbench.sessionEnd();
      await panel.locator('.status', { hasText: 'ended' }).waitFor();
      const total = async (): Promise<number> => {
        const [samples] = await panel.locator('tfoot td').allInnerTexts();
        return Number(samples.replaceAll(',', ''));
      };
      const terminal = page.locator('.xterm-rows').last();
      const own = await workbench.retry('the guest’s own count', async () => {
        const counted = Number(/exits ~0*(\d+)/.exec((await terminal.innerText()).replaceAll('\u00a0', ' '))?.[1]);
        assert.ok(counted > 20_000, `the guest counted ${counted}`);
        return counted;
      });
      await panel.locator('vscode-textfield input').fill('0x');
      await workbench.retry('the port rows are the port operations that the guest counted', async () =>
        assert.equal(await total(), own),
      );

      // The same costs in VS Code's own viewer of CPU profiles.
      await workbench.command('Ringside: Open Exit Costs as CPU Profile');
      await page.locator('.tab.active', { hasText: '.cpuprofile' }).waitFor();
      await workbench.frameWith('text=Self Time');
      const viewer = await workbench.frameWith('text=uart_putc');
      await viewer.locator('text=COM1.THR').first().waitFor();
      await workbench.screenshot(`profile-${slug(theme)}`);
      await workbench.command('View: Close Editor');
      // The panel was hidden: its page is a new one.
      panel = await workbench.panel();

      // The panel by itself, with room for all columns and the charts.
      await panel.locator('vscode-textfield input').fill('');
      await workbench.command('View: Toggle Primary Side Bar Visibility');
      await workbench.command('View: Toggle Panel Visibility');
      await workbench.command('View: Close Editors in Other Groups');
      await panel.locator('main > .content').evaluate((content) => content.scrollTo(0, 0));
      await page.waitForTimeout(800);
      await workbench.screenshot(`costs-${slug(theme)}`);
    });
  }
});

function slug(theme: string): string {
  return theme.toLowerCase().replaceAll(' ', '-');
}
