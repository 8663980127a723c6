import assert from 'node:assert/strict';
import type { ExitLogEntry, HypercallInfo, PortInfo } from '../../debugAdapter/protocol';
import { costAnswer, costRow, FakeAdapter, logEntry } from '../extension/fake-adapter';
import type { Locator } from 'playwright-core';
import { Workbench } from './workbench';

const DRIVER = 'void uart_putc(char c) {\n  outb(c, 0x3f8);\n}\n';

describe('the Ports and Hypercalls views and the wizard', function () {
  let workbench: Workbench;
  let fake: FakeAdapter;
  let outs: number;

  const open = async (): Promise<void> => {
    outs = 1200;
    let folder = '';
    const site = () => ({ path: `${folder}/driver.c`, line: 2, function: 'uart_putc', address: '0x00101234' });
    /** Every tenth call is one of KVM's. */
    const call = (sequence: number): ExitLogEntry => {
      const more = sequence % 10 === 9 && { abi: 'kvm', hypercall: 'KICK_CPU', number: 5, arguments: 'apicId=0' };
      const value = `0x${(0x41 + (sequence % 26)).toString(16)}`;
      const arguments_ = `port=0x3f8 value=${value}`;
      return logEntry(sequence, { source: site(), arguments: arguments_, port: 0x3f8, portName: 'COM1.THR', ...more });
    };
    const ports = (): PortInfo[] => [
      {
        port: 0x3f8,
        name: 'COM1.THR',
        device: 'COM1',
        doc: 'Transmitter holding register',
        lastOut: { value: 0x41, width: 1 },
        ins: 0,
        outs,
        fields: [],
        lastSite: site(),
        breakpoints: [],
      },
      {
        port: 0x3fd,
        name: 'COM1.LSR',
        device: 'COM1',
        doc: 'Line status register',
        lastIn: { value: 0x60, width: 1 },
        ins: 800,
        outs: 0,
        fields: [{ name: 'THRE', bits: '5', value: 1, meaning: 'transmitter empty' }],
        breakpoints: [],
      },
      { port: 0x80, name: 'POST', device: 'POST', ins: 0, outs: 0, fields: [], breakpoints: [] },
    ];
    const calls = (): HypercallInfo[] => [
      {
        abi: 'vmi',
        number: 56,
        name: 'OUTB',
        doc: 'Writes a byte.',
        count: outs,
        totalCycles: outs * 900,
        last: "port=0x3f8 value=0x41 'A'",
        lastSite: site(),
        breakpoints: [],
      },
    ];
    fake = new FakeAdapter({
      'ringside/ports': () => ({ ports: ports() }),
      'ringside/hypercalls': () => ({ available: true, calls: calls() }),
      'ringside/exitCosts': () =>
        costAnswer([costRow('driver.c:2', outs, 900, 'hypercall', { source: site() })], 'vmi'),
      'ringside/exitLog': ({ start = 0, count = 100 }) => ({
        entries: Array.from({ length: Math.max(0, Math.min(count, outs - start)) }, (_, index) => call(start + index)),
        first: 0,
        next: outs,
      }),
    });
    const configuration = {
      type: 'ringside',
      request: 'launch',
      name: 'guest',
      program: 'x',
      debugServer: await fake.start(),
    };
    workbench = await Workbench.open({
      files: {
        'driver.c': DRIVER,
        '.vscode/launch.json': JSON.stringify({ version: '0.2.0', configurations: [configuration] }),
      },
    });
    folder = workbench.folder;
    await workbench.openFile('driver.c');
    await workbench.command('View: Show Run and Debug');
    await workbench.page.keyboard.press('F5');
    while (!fake.requests.some(({ command }) => command === 'configurationDone'))
      await workbench.page.waitForTimeout(50);
    await workbench.sessionStart();
    fake.custom('ringside/exitsChanged', { samples: outs, nextSequence: outs });
  };

  const close = async (): Promise<void> => {
    await workbench?.dispose();
    fake?.stop();
  };

  before(open);
  after(close);

  afterEach(async function () {
    if (this.currentTest?.state === 'passed') return;
    await workbench.screenshot(`failed-${this.currentTest?.title.slice(0, 40)}`);
    // What comes next, another try or another test, starts afresh.
    await close();
    await open();
  });

  it('show counts, last values and decoded fields, live', async () => {
    const pane = await workbench.pane('Ports');
    await workbench.reveal(pane, /COM1\.THR.*1,200 out 0x41 'A'/);
    assert.equal(await pane.locator('.monaco-list-row', { hasText: 'POST' }).count(), 0, 'an unused port is not shown');
    outs = 1300;
    fake.custom('ringside/exitsChanged', { samples: outs, nextSequence: outs });
    await workbench.reveal(pane, /COM1\.THR.*1,300 out/);
    await workbench.retry('the fields of the register', async () => {
      const row = await workbench.reveal(pane, 'COM1.LSR');
      // A second click would close it again.
      if ((await row.getAttribute('aria-expanded')) === 'false') await row.click();
      assert.equal(await row.getAttribute('aria-expanded'), 'true');
    });
    await workbench.reveal(pane, /THRE.*transmitter empty/);
  });

  it('toggle a breakpoint that VS Code’s own Breakpoints view shows and the adapter gets', async () => {
    const pane = await workbench.pane('Ports');
    await workbench.rowAction(pane, 'COM1.THR', 'Break on Access');
    await workbench.reveal(await workbench.pane('Breakpoints'), 'io 0x3f8');
    await until(() => fake.functionBreakpoints.map(({ name }) => name).join() === 'io 0x3f8');
    await workbench.screenshot('views-dark');
    await workbench.rowAction(pane, 'COM1.THR', 'Remove Breakpoint');
    await until(() => fake.functionBreakpoints.length === 0);
  });

  it('open the line of the last access', async () => {
    const pane = await workbench.pane('Ports');
    await workbench.rowAction(pane, 'COM1.THR', 'Go to Last Access');
    await workbench.page.locator('#status\\.editor\\.selection', { hasText: 'Ln 2' }).waitFor();
  });

  it('show hypercalls with the decoded arguments of the last', async () => {
    const pane = await workbench.pane('Hypercalls');
    await workbench.reveal(pane, /OUTB.*port=0x3f8 value=0x41 'A'/);
  });

  it('list the latest calls of any ABI, and go to their lines', async () => {
    const pane = await workbench.pane('Hypercalls');
    for (const title of ['Ports', 'Call Stack', 'Breakpoints', 'Watch', 'Variables'])
      await workbench.pane(title, false);
    await workbench.viewAction(pane, 'Group Hypercalls');
    await workbench.pick('Latest calls');
    await workbench.reveal(pane, /KICK_CPU.*apicId=0.*driver\.c:2 uart_putc/);
    await workbench.screenshot('hypercalls-latest');
    await workbench.openFile('launch.json');
    await workbench.retry('the line of a call', async () => {
      await (await workbench.reveal(pane, /OUTB.*port=0x3f8/)).click();
      await workbench.page.locator('#status\\.editor\\.selection', { hasText: 'Ln 2' }).waitFor({ timeout: 4000 });
    });
    await workbench.viewAction(pane, 'Filter Hypercalls');
    await workbench.enter('abi:kvm');
    await workbench.retry('calls of KVM only', async () => {
      const texts = await pane.locator('.monaco-list-row').allInnerTexts();
      assert.ok(texts.length > 0 && texts.every((text) => text.includes('KICK_CPU')), texts.join());
    });
    await workbench.viewAction(pane, 'Clear Hypercall Filter');
    await workbench.viewAction(pane, 'Group Hypercalls');
    await workbench.pick('By source line');
    await workbench.reveal(pane, /driver\.c:2.*uart_putc.*calls.*900 cycles each/);
    await workbench.viewAction(pane, 'Group Hypercalls');
    await workbench.pick('By call');
    await workbench.reveal(pane, /OUTB.*vmi/);
  });

  it('log a call instead of stopping at it', async () => {
    const pane = await workbench.pane('Hypercalls');
    const isLogged = () =>
      fake.functionBreakpoints.some(({ name }) => /^hypercall .*OUTB log ".*\{port:x\}/.test(name));
    await workbench.retry('the menu of a call', async () => {
      if (isLogged()) return;
      await workbench.page.keyboard.press('Escape');
      await (await workbench.reveal(pane, 'OUTB')).click({ button: 'right' });
      const item = workbench.page.locator('.context-view .action-label', { hasText: 'Log This Call' });
      await item.waitFor({ timeout: 4000 });
      // A menu ignores clicks in its first moments.
      await workbench.settled(item);
      await workbench.page.waitForTimeout(500);
      await item.click({ timeout: 4000 });
      await until(isLogged, 5000);
    });
    await workbench.rowAction(pane, 'OUTB', 'Remove Breakpoint');
    await until(() => fake.functionBreakpoints.length === 0);
  });

  it('write a breakpoint with condition and log text step by step, and change it later', async () => {
    await workbench.command('Ringside: Add Port or Hypercall Breakpoint');
    await workbench.pick('Port, written');
    await workbench.pick('0x3f8');
    await workbench.quickRows.filter({ hasText: 'Add Breakpoint' }).first().waitFor();
    await workbench.pick('Via');
    await workbench.pick('no decode');
    await workbench.quickRows.filter({ hasText: 'out 0x3f8 via hypercall' }).first().waitFor();
    await workbench.pick('Condition');
    await workbench.enter('value == 0x41');
    await workbench.quickRows.filter({ hasText: 'if value == 0x41' }).first().waitFor();
    await workbench.screenshot('wizard-dark');
    await workbench.pick('Add Breakpoint');
    await until(() => fake.functionBreakpoints.at(-1)?.name === 'out 0x3f8 via hypercall if value == 0x41');

    await workbench.command('Ringside: Edit Port or Hypercall Breakpoint');
    await workbench.pick('out 0x3f8 via hypercall');
    await workbench.quickRows.filter({ hasText: 'Save Breakpoint' }).first().waitFor();
    await workbench.pick('Hit count');
    await workbench.enter('>=3');
    await workbench.pick('Save Breakpoint');
    await until(
      () =>
        fake.functionBreakpoints.map(({ name }) => name).join() === 'out 0x3f8 via hypercall if value == 0x41 hit >=3',
    );
  });

  it('accept a target that is typed, and refuse one that means nothing', async () => {
    await workbench.command('Ringside: Add Port or Hypercall Breakpoint');
    await workbench.pick('Port, read');
    const typed = (rows: Locator): Locator => rows.filter({ hasText: 'use what is typed' });
    await workbench.typeFilter('0x1f0-0x1f7', typed);
    await workbench.quickInput.fill('0x1f0-');
    await typed(workbench.quickRows).first().waitFor({ state: 'detached' });
    await (await workbench.typeFilter('0x1f0-0x1f7', typed)).click();
    await workbench.pick('Add Breakpoint');
    await until(() => fake.functionBreakpoints.at(-1)?.name === 'in 0x1f0-0x1f7');
  });
});

async function until(condition: () => boolean, milliseconds = 15_000): Promise<void> {
  const limit = Date.now() + milliseconds;
  while (!condition()) {
    assert.ok(Date.now() < limit, `never: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
