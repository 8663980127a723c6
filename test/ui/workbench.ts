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
      page.setDefaultTimeout(20_000);
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

  /** Runs a command by its title in the palette. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    const input = this.page.locator('.quick-input-widget input[type="text"]').first();
    await input.waitFor({ state: 'visible' });
    await input.fill(`>${title}`);
    const row = this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first();
    await row.waitFor();
    await row.click();
  }

  /** Opens a file of the workspace by its name, at a line. */
  async openFile(name: string, line?: number): Promise<void> {
    await this.page.keyboard.press('Control+P');
    const input = this.page.locator('.quick-input-widget input[type="text"]').first();
    await input.waitFor({ state: 'visible' });
    await input.fill(name);
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first().waitFor();
    if (line !== undefined) {
      await input.fill(`${name}:${line}`);
      await this.page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first().waitFor();
    }
    await this.page.keyboard.press('Enter');
    await this.page.locator('.tab.active', { hasText: name }).waitFor();
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

  /** A view of the side bar, opened or collapsed as wanted. */
  async pane(title: string, open = true): Promise<Locator> {
    const pane = this.page
      .locator('.pane', { has: this.page.locator('.pane-header .title', { hasText: title }) })
      .first();
    await pane.waitFor();
    const header = pane.locator('.pane-header').first();
    if ((await header.getAttribute('aria-expanded')) === String(!open)) await header.click();
    return pane;
  }

  /** The page inside the exit-cost panel. */
  async panel(): Promise<Frame> {
    for (let attempt = 0; attempt < 100; attempt++) {
      for (const frame of this.page.frames()) {
        const ready = await frame
          .locator('main#app .toolbar')
          .count()
          .catch(() => 0);
        if (ready > 0) return frame;
      }
      await this.page.waitForTimeout(100);
    }
    throw new Error('the exit-cost panel did not open');
  }

  /** Chooses in one of the panel's selects. */
  async select(panel: Frame, label: string, option: string): Promise<void> {
    const select = panel.locator(`vscode-single-select[label="${label}"]`);
    await select.click();
    await select.locator('.dropdown li', { hasText: option }).first().click();
  }

  /** Waits until nothing is debugged any more. */
  async sessionEnd(): Promise<void> {
    await this.page.locator('.part.statusbar.debugging').waitFor({ state: 'detached' });
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
  }
}
