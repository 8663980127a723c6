import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Frame, Locator, Page } from 'playwright-core';
import { openBrowser } from '../../scripts/editor-host/browse.mjs';
import { startEditorHost } from '../../scripts/editor-host/server.mjs';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const SCREENSHOTS = join(ROOT, 'out', 'screenshots');

/** Colour themes by the names of VS Code's list. */
export type Theme = 'Dark Modern' | 'Light Modern' | 'Dark High Contrast';

/** Classes that tell the kind of theme on the workbench. */
const THEME_CLASSES: Record<Theme, string> = {
  'Dark Modern': '.vs-dark',
  'Light Modern': '.vs',
  'Dark High Contrast': '.hc-black',
};

export interface WorkbenchOptions {
  theme?: Theme;
  /** Folder to open; a temporary one with these files if left out. */
  folder?: string;
  workspace?: string;
  files?: Record<string, string>;
  /** Files to copy there, by absolute path. */
  copies?: string[];
  settings?: Record<string, unknown>;
  width?: number;
  height?: number;
}

/** What one step may take in all, one attempt at it, and the pause between two looks, milliseconds. */
const STEP_LIMIT_MS = 45_000;
const ATTEMPT_MS = 4000;
const POLL_MS = 100;

type Box = { x: number; y: number; width: number; height: number };

/** The real workbench of VS Code in a browser, with the extension loaded. */
export class Workbench {
  private constructor(
    readonly page: Page,
    /** The folder that is open, or where `files` lie. */
    readonly folder: string,
    private readonly close: () => Promise<void>,
  ) {}

  static async open(options: WorkbenchOptions): Promise<Workbench> {
    const scratch = mkdtempSync(join(tmpdir(), 'ringside-ui-'));
    const folder = options.folder ?? scratch;
    for (const [name, text] of Object.entries(options.files ?? {})) {
      mkdirSync(dirname(join(scratch, name)), { recursive: true });
      writeFileSync(join(scratch, name), text);
    }
    for (const path of options.copies ?? []) copyFileSync(path, join(scratch, basename(path)));
    const host = await startEditorHost({
      extension: ROOT,
      folder: options.workspace ? undefined : folder,
      workspace: options.workspace,
      settings: {
        'workbench.colorTheme': 'Default Dark Modern',
        'window.autoDetectColorScheme': false,
        'ringside.exitCosts.open': 'never',
        'debug.toolBarLocation': 'docked',
        'breadcrumbs.enabled': false,
        'editor.minimap.enabled': false,
        'workbench.tips.enabled': false,
        // Text of terminals in the page rather than on a canvas.
        'terminal.integrated.gpuAcceleration': 'off',
        'workbench.layoutControl.enabled': false,
        'window.commandCenter': false,
        ...options.settings,
      },
    });
    let browser: Awaited<ReturnType<typeof openBrowser>> | undefined;
    const close = async (): Promise<void> => {
      await browser?.close();
      await host.stop();
      rmSync(scratch, { recursive: true, force: true });
    };
    try {
      browser = await openBrowser({ width: options.width ?? 1440, height: options.height ?? 900 });
      const { page } = browser;
      page.setDefaultTimeout(STEP_LIMIT_MS);
      await page.goto(host.url);
      await page.locator('.monaco-workbench .explorer-viewlet, .monaco-workbench .activitybar').first().waitFor();
      const workbench = new Workbench(page, folder, close);
      // Themes come from an extension, some time after the workbench.
      await page.locator('.monaco-workbench.vs-dark').waitFor({ timeout: 60_000 });
      if (options.theme && options.theme !== 'Dark Modern') await workbench.chooseTheme(options.theme);
      return workbench;
    } catch (error) {
      await close();
      throw error;
    }
  }

  private async chooseTheme(theme: Theme): Promise<void> {
    await this.command('Preferences: Color Theme');
    // The palette is still there for a moment.
    await this.page.locator('.quick-input-widget input[placeholder*="Theme"]').first().waitFor();
    await this.quickInput.fill(theme);
    await this.quickRows.filter({ hasText: theme }).first().waitFor();
    await this.page.keyboard.press('Enter');
    await this.page.locator(`.monaco-workbench${THEME_CLASSES[theme]}`).waitFor();
  }

  dispose(): Promise<void> {
    return this.close();
  }

  /**
   * Does a step again until it succeeds. The workbench redraws its lists and moves the focus when it likes, and on a
   * slow machine just between two actions of a step: a step must be harmless when it is done twice.
   */
  async retry<T>(what: string, step: () => Promise<T>, limitMs = STEP_LIMIT_MS): Promise<T> {
    const limit = Date.now() + limitMs;
    for (;;) {
      try {
        return await step();
      } catch (error) {
        if (Date.now() > limit) throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
        await this.page.waitForTimeout(POLL_MS);
      }
    }
  }

  /** Waits until an element keeps its place: what is clicked then is what was meant. */
  async settled(target: Locator): Promise<Box> {
    return this.retry('an element that keeps its place', async () => {
      const before = await target.boundingBox({ timeout: ATTEMPT_MS });
      await this.page.waitForTimeout(POLL_MS);
      const after = await target.boundingBox({ timeout: ATTEMPT_MS });
      assert.ok(after && JSON.stringify(before) === JSON.stringify(after), 'it moves');
      return after;
    });
  }

  /** Opens the palette with some text in it, wherever the focus is. */
  private async quickOpen(key: string, text: string, row: string): Promise<void> {
    await this.retry(`"${text}" in the palette`, async () => {
      if (!(await this.quickInput.isVisible())) await this.page.keyboard.press(key);
      try {
        await this.quickInput.fill(text, { timeout: ATTEMPT_MS });
        await this.quickRows.filter({ hasText: row }).first().waitFor({ timeout: ATTEMPT_MS });
        assert.equal(await this.quickInput.inputValue({ timeout: ATTEMPT_MS }), text);
      } catch (error) {
        // Another picker may still have been open.
        await this.page.keyboard.press('Escape');
        throw error;
      }
    });
  }

  /** Runs a command by its title in the palette. */
  async command(title: string): Promise<void> {
    await this.quickOpen('F1', `>${title}`, title);
    await this.pick(title);
  }

  /** Opens a file of the workspace by its name, at a line, and puts the focus into it. */
  async openFile(name: string, line?: number): Promise<void> {
    await this.quickOpen('Control+P', name, name);
    if (line !== undefined) await this.quickOpen('Control+P', `${name}:${line}`, name);
    await this.page.keyboard.press('Enter');
    await this.page.locator('.tab.active', { hasText: name }).waitFor();
    await this.page.locator('.editor-group-container.active .monaco-editor.focused').first().waitFor();
  }

  /** Rows of the open quick pick or input box. */
  get quickRows(): Locator {
    return this.page.locator('.quick-input-widget .quick-input-list .monaco-list-row');
  }

  get quickInput(): Locator {
    return this.page.locator('.quick-input-widget input[type="text"]').first();
  }

  /** Chooses a row of a quick pick by its text. */
  async pick(text: string): Promise<void> {
    await this.quickRows.filter({ hasText: text }).first().click();
  }

  /**
   * Types into the filter of a quick pick. One step of a wizard follows another in the same box, so that text may
   * still go to the step before: it is typed until the row that it should bring is there.
   * @returns that row
   */
  async typeFilter(text: string, row: (rows: Locator) => Locator): Promise<Locator> {
    return this.retry(`the row for "${text}"`, async () => {
      await this.quickInput.fill(text, { timeout: ATTEMPT_MS });
      const found = row(this.quickRows).first();
      await found.waitFor({ timeout: ATTEMPT_MS });
      return found;
    });
  }

  /** Types into an input box, which is a quick pick without a list, and accepts. */
  async enter(text: string): Promise<void> {
    await this.retry(`"${text}" in an input box`, async () => {
      await this.quickRows.first().waitFor({ state: 'hidden', timeout: ATTEMPT_MS });
      await this.quickInput.fill(text, { timeout: ATTEMPT_MS });
      await this.page.waitForTimeout(POLL_MS);
      assert.equal(await this.quickInput.inputValue({ timeout: ATTEMPT_MS }), text);
    });
    await this.quickInput.press('Enter');
  }

  /** A view of the side bar, opened or collapsed as wanted. */
  async pane(title: string, open = true): Promise<Locator> {
    const pane = this.page
      .locator('.pane', { has: this.page.locator('.pane-header .title', { hasText: title }) })
      .first();
    await pane.waitFor();
    const header = pane.locator('.pane-header').first();
    await this.retry(`the view ${title}`, async () => {
      if ((await header.getAttribute('aria-expanded')) === String(open)) return;
      // Not in its middle, where buttons appear under the mouse.
      await header.click({ position: { x: 30, y: 8 }, timeout: ATTEMPT_MS });
      await this.page.waitForTimeout(POLL_MS);
      assert.equal(await header.getAttribute('aria-expanded'), String(open));
    });
    return pane;
  }

  /**
   * A row of a view's list by its text, scrolled into sight. Lists are virtual: rows out of sight are not in the page.
   * They are looked for with the mouse wheel from the top down, wherever the focus is.
   */
  async reveal(pane: Locator, text: string | RegExp): Promise<Locator> {
    const list = pane.locator('.monaco-list').first();
    const row = list.locator('.monaco-list-row', { hasText: text }).first();
    await this.retry(`a row with ${text}`, async () => {
      const box = await this.settled(list);
      await this.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      if (await isInside(row, box)) return;
      await this.page.mouse.wheel(0, -100_000);
      await this.retry('the top of the list', async () => assert.ok((await topRow(list)).startsWith('0 ')), ATTEMPT_MS);
      while (!(await isInside(row, box))) {
        const before = await topRow(list);
        // A list goes further than the wheel says.
        await this.page.mouse.wheel(0, box.height / 4);
        await this.retry('the rest of the list', async () => assert.notEqual(await topRow(list), before), ATTEMPT_MS);
      }
    });
    return row;
  }

  /** Runs a row's own action, which is there while the mouse is over the row. */
  async rowAction(pane: Locator, text: string | RegExp, label: string): Promise<void> {
    await this.retry(`${label} on ${text}`, async () => {
      const row = await this.reveal(pane, text);
      await row.hover({ timeout: ATTEMPT_MS });
      await row.locator(`a.action-label[aria-label^="${label}"]`).click({ timeout: ATTEMPT_MS });
    });
  }

  /** Runs an action in the title of a view, which is there while the mouse is over the view. */
  async viewAction(pane: Locator, label: string): Promise<void> {
    await this.retry(`${label} in the title`, async () => {
      await pane.hover({ timeout: ATTEMPT_MS });
      await pane.locator(`.pane-header a.action-label[aria-label^="${label}"]`).click({ timeout: ATTEMPT_MS });
    });
  }

  /** Enables or disables a breakpoint by its own check box in the Breakpoints view. */
  async setBreakpoint(text: string, enabled: boolean): Promise<void> {
    const pane = await this.pane('Breakpoints');
    await this.retry(`the check box of ${text}`, async () => {
      const box = (await this.reveal(pane, text)).locator('.monaco-checkbox[role=checkbox]');
      const state = await box.getAttribute('aria-checked', { timeout: ATTEMPT_MS });
      if (state === String(enabled)) return;
      await box.click({ timeout: ATTEMPT_MS });
      await this.page.waitForTimeout(POLL_MS);
      assert.fail('it has just been clicked: see what it says');
    });
  }

  /** The page inside the exit-cost panel. */
  panel(): Promise<Frame> {
    return this.frameWith('main#app .toolbar');
  }

  /** The page of a webview, by something that is in it. */
  async frameWith(selector: string): Promise<Frame> {
    return this.retry(`a page with ${selector}`, async () => {
      for (const frame of this.page.frames()) {
        const count = await frame
          .locator(selector)
          .count()
          .catch(() => 0);
        if (count > 0) return frame;
      }
      throw new Error('it did not open');
    });
  }

  /** Chooses in one of the panel's selects. */
  async select(panel: Frame, label: string, option: string): Promise<void> {
    const select = panel.locator(`vscode-single-select[label="${label}"]`);
    const item = select.locator('.dropdown li', { hasText: option }).first();
    await this.retry(`${option} in ${label}`, async () => {
      // New figures may draw the list anew, and a click on an open one closes it.
      if (!(await item.isVisible())) await select.click({ timeout: ATTEMPT_MS });
      await item.click({ timeout: ATTEMPT_MS });
    });
  }

  /** The number of debug sessions on the icon of Run and Debug. */
  private get sessionBadge(): Locator {
    return this.page.locator('.activitybar .action-item:has(.codicon-run-view-icon) .badge');
  }

  /** Waits until something is debugged. */
  async sessionStart(): Promise<void> {
    await this.sessionBadge.waitFor();
  }

  /** Waits until nothing is debugged any more. */
  async sessionEnd(): Promise<void> {
    await this.sessionBadge.waitFor({ state: 'hidden' });
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
  }
}

/** Whether the whole row can be seen in its list. */
async function isInside(row: Locator, list: Box): Promise<boolean> {
  if ((await row.count()) === 0) return false;
  const box = await row.boundingBox({ timeout: ATTEMPT_MS });
  return box !== null && box.y >= list.y - 1 && box.y + box.height <= list.y + list.height + 1;
}

/** Index and place of the first row that is drawn. */
async function topRow(list: Locator): Promise<string> {
  const rows = await list
    .locator('.monaco-list-row')
    .evaluateAll((all) =>
      all.map((row) => ({ index: Number(row.getAttribute('data-index')), top: row.getBoundingClientRect().top })),
    );
  const [first] = rows.sort((a, b) => a.index - b.index);
  return first ? `${first.index} ${first.top}` : 'no row';
}
