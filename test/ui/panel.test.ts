import assert from 'node:assert/strict';
import type { Frame } from 'playwright-core';
import type { ExitCostRow, GroupBy } from '../../debugAdapter/protocol';
import { costAnswer, costRow, FakeAdapter, reckoned } from '../extension/fake-adapter';
import { type Theme, Workbench } from './workbench';

const EXITS = 4000;

/** Rows of a run in a mode: the same keys at other prices. */
function rows(groupBy: GroupBy, mode: 'trap' | 'vmi', file: string): ExitCostRow[] {
  const channel = mode === 'vmi' ? 'hypercall' : 'trap';
  const price = mode === 'vmi' ? 900 : 4200;
  const source = (line: number, name: string) => ({ source: { path: file, line, function: name } });
  if (groupBy === 'channel') return [costRow(channel, EXITS, price, channel)];
  return [
    costRow(groupBy === 'port' ? '0x3f8 COM1.THR' : 'IO', 2400, price, channel, {
      ...source(3, 'uart_putc'),
      ...reckoned(2400, 2400 * price),
    }),
    costRow('0x3fd COM1.LSR', 1200, price - 150, channel, {
      ...source(5, 'uart_wait'),
      ...reckoned(1200, 1200 * (price - 150)),
    }),
    costRow('0x1f0 IDE.DATA', 256, price * 3, channel, source(8, 'ide_read')),
    costRow('0x70 RTC.INDEX', 128, price + 90, channel, source(9, 'rtc_read')),
    costRow(mode === 'vmi' ? '0xf4 EXIT' : '0x80 POST', 16, price, 'trap'),
  ];
}

/** Something that goes up and down, as the load of a guest does. */
function wave(height: number, phase: number): number[] {
  return Array.from({ length: 200 }, (_, index) => Math.round(height * (1.2 + Math.sin(index / 9 + phase))));
}

function adapter(mode: 'trap' | 'vmi', file: () => string): FakeAdapter {
  return new FakeAdapter({
    'ringside/exitCosts': ({ groupBy }) => costAnswer(rows(groupBy, mode, file()), mode),
    'ringside/exitTimeline': () => ({
      spanCycles: 16_384,
      channels: [
        { channel: 'trap', cycles: wave(mode === 'trap' ? 9000 : 1500, 0) },
        ...(mode === 'vmi' ? [{ channel: 'hypercall' as const, cycles: wave(5000, 2) }] : []),
      ],
    }),
    'ringside/ports': () => ({ ports: [] }),
    'ringside/hypercalls': () => ({ available: mode === 'vmi', calls: [] }),
  });
}

const DRIVER = `/* A driver. */
void uart_putc(char c) {
  outb(c, 0x3f8);
}
int uart_wait(void) { return inb(0x3fd); }

void ide_read(void *to) {
  insw(0x1f0, to, 256);
  outb(0, 0x70);
}
`;

describe('the exit-cost panel in the workbench', function () {
  let workbench: Workbench;
  let trap: FakeAdapter;
  let vmi: FakeAdapter;

  const open = async (theme: Theme): Promise<void> => {
    let folder = '';
    trap = adapter('trap', () => `${folder}/driver.c`);
    vmi = adapter('vmi', () => `${folder}/driver.c`);
    const launch = {
      version: '0.2.0',
      configurations: await Promise.all(
        [
          { name: 'guest (trap)', fake: trap },
          { name: 'guest (vmi)', fake: vmi },
        ].map(async ({ name, fake }) => ({
          type: 'ringside',
          request: 'launch',
          name,
          program: 'guest.elf',
          debugServer: await fake.start(),
        })),
      ),
    };
    workbench = await Workbench.open({
      theme,
      files: { 'driver.c': DRIVER, '.vscode/launch.json': JSON.stringify(launch) },
      settings: { 'debug.internalConsoleOptions': 'neverOpen' },
      width: 1600,
      height: 1000,
    });
    folder = workbench.folder;
  };

  afterEach(async function () {
    if (this.currentTest?.state !== 'passed')
      await workbench.screenshot(`failed-${this.currentTest?.title.slice(0, 40)}`);
    await workbench.dispose();
    trap.stop();
    vmi.stop();
  });

  /** Runs a configuration to its end with 4000 exits. */
  const runToEnd = async (name: string, fake: FakeAdapter): Promise<void> => {
    await start(name, fake);
    fake.event('terminated');
    await workbench.sessionEnd();
  };

  const start = async (name: string, fake: FakeAdapter): Promise<void> => {
    await workbench.command('Debug: Select and Start Debugging');
    await workbench.pick(name);
    while (!fake.requests.some(({ command }) => command === 'configurationDone'))
      await workbench.page.waitForTimeout(50);
    await workbench.sessionStart();
    fake.custom('ringside/exitsChanged', { samples: EXITS, nextSequence: EXITS });
  };

  const cells = (panel: Frame, selector: string): Promise<string[]> =>
    panel.locator(`table.costs ${selector}`).allInnerTexts();

  for (const theme of ['Dark Modern', 'Light Modern', 'Dark High Contrast'] as const) {
    it(`shows, sorts, filters, compares and opens lines (${theme})`, async () => {
      await open(theme);
      const { page } = workbench;
      await workbench.openFile('driver.c');
      await runToEnd('guest (trap)', trap);
      await start('guest (vmi)', vmi);
      await workbench.command('Ringside: Show Exit Costs');
      const panel = await workbench.panel();
      await panel.locator('table.costs tbody tr').first().waitFor();

      // The columns of perf kvm stat, the rows dearest first, and totals that are the sum.
      const headings = (await cells(panel, 'thead th')).map((text) => text.trim());
      assert.deepEqual(headings.slice(0, 7), ['Reason', 'Samples', 'Samples%', 'Time%', 'Min', 'Max', 'Avg']);
      assert.deepEqual(await cells(panel, 'tbody td.samples'), ['2,400', '1,200', '256', '128', '16']);
      assert.equal((await cells(panel, 'tfoot td'))[0], '4,000');

      // Sorting by a click and by the keyboard.
      await panel.locator('th[data-column=samples] button').click();
      assert.equal(await panel.locator('th[data-column=samples]').getAttribute('aria-sort'), 'descending');
      assert.deepEqual((await cells(panel, 'tbody td.samples')).slice(0, 3), ['2,400', '1,200', '256']);
      await panel.locator('th[data-column=key] button').focus();
      await page.keyboard.press('Enter');
      assert.equal(await panel.locator('th[data-column=key]').getAttribute('aria-sort'), 'ascending');
      assert.match((await cells(panel, 'tbody th.key'))[0], /^0x1f0/);

      // Filtering; the totals follow.
      await panel.locator('vscode-textfield input').fill('com1');
      await panel.locator('table.costs tbody tr').nth(1).waitFor({ state: 'detached' });
      assert.equal((await cells(panel, 'tfoot td'))[0], '1,200');
      await panel.locator('vscode-textfield input').fill('');

      // What another way would cost, and the rows of one channel only.
      await workbench.select(panel, 'What if', 'By trap');
      await panel.locator('th[data-column=whatIf]', { hasText: 'By trap' }).waitFor();
      const lsr = panel.locator('tbody tr', { hasText: '0x3fd' });
      assert.deepEqual(
        [await lsr.locator('td.whatIf').innerText(), await lsr.locator('td.saved').innerText()],
        ['5,040,000', '−460.0%'],
      );
      await workbench.select(panel, 'Channel', 'Trap');
      await panel.locator('table.costs tbody tr').nth(1).waitFor({ state: 'detached' });
      assert.deepEqual(await cells(panel, 'tbody th.key'), ['0xf4 EXIT']);
      await workbench.select(panel, 'Channel', 'All channels');
      await workbench.select(panel, 'What if', 'By hypercall');

      // Grouping by port, beside the earlier run.
      await workbench.select(panel, 'Group by', 'Port');
      await panel.locator('tbody th.key', { hasText: '0x3f8 COM1.THR' }).waitFor();
      await workbench.select(panel, 'Compare with', 'guest (trap)');
      await panel.locator('td.change').first().waitFor();
      const row = panel.locator('tbody tr', { hasText: '0x3f8 COM1.THR' });
      assert.equal(await row.locator('td.beforeTotal').innerText(), '10,080,000');
      assert.equal(await row.locator('td.change').innerText(), '−78.6%');
      assert.equal(await panel.locator('tbody tr', { hasText: 'POST' }).locator('td.change').innerText(), 'gone');
      await panel.locator('main > .content').evaluate((content) => content.scrollTo(0, 0));
      await page.waitForTimeout(300);
      await workbench.screenshot(`panel-compare-${slug(theme)}`);

      // Where the figures come from.
      await panel.locator('.profile summary').click();
      await panel.locator('.profile .figures td', { hasText: 'measured' }).first().waitFor();
      await panel.locator('.profile li', { hasText: 'ASPLOS 2006' }).waitFor();
      await workbench.screenshot(`panel-profile-${slug(theme)}`);
      await panel.locator('.profile summary').click();

      // A click opens the line, beside the panel.
      await row.locator('button.link').click();
      await page.locator('.tab.active', { hasText: 'driver.c' }).waitFor();
      await page.locator('#status\\.editor\\.selection', { hasText: 'Ln 3' }).waitFor();

      // Frozen, it stays as it is; live again, it follows.
      await panel.locator('vscode-toolbar-button[label^=Freeze]').click();
      await panel.locator('.status', { hasText: 'frozen' }).waitFor();
      await panel.locator('vscode-toolbar-button[label^=Freeze]').click();
      await panel.locator('.status', { hasText: 'live' }).waitFor();
    });
  }

  it('keeps what was chosen while it is hidden, and its last figures when the guest has ended', async () => {
    await open('Dark Modern');
    await workbench.openFile('driver.c');
    await start('guest (vmi)', vmi);
    await workbench.command('Ringside: Show Exit Costs');
    let panel = await workbench.panel();
    await workbench.select(panel, 'Group by', 'Port');
    await panel.locator('tbody th.key', { hasText: '0x3f8 COM1.THR' }).waitFor();
    await panel.locator('vscode-textfield input').fill('ide');
    vmi.event('terminated');
    await panel.locator('.status', { hasText: 'ended' }).waitFor();
    // Another tab in front of it: the webview is torn down.
    await workbench.openFile('launch.json');
    await workbench.page.waitForTimeout(300);
    await workbench.command('Ringside: Show Exit Costs');
    panel = await workbench.panel();
    await panel.locator('tbody th.key', { hasText: '0x1f0 IDE.DATA' }).waitFor();
    assert.equal(await panel.locator('table.costs tbody tr').count(), 1);
  });
});

function slug(theme: string): string {
  return theme.toLowerCase().replace('default ', '').replaceAll(' ', '-');
}
