/** Opens the workbench in a headless browser, for tests. */
import { chromium } from 'playwright-core';
import { BROWSER_FLAGS, findBrowser } from './browser.mjs';

/**
 * @param {{ width?: number, height?: number, scale?: number }} [size] of the window in CSS pixels
 * @returns {Promise<{ page: import('playwright-core').Page, close: () => Promise<void> }>}
 */
export async function openBrowser({ width = 1440, height = 900, scale = 1 } = {}) {
  const { executable, env } = await findBrowser();
  const browser = await chromium.launch({
    executablePath: executable,
    args: BROWSER_FLAGS,
    env: { ...process.env, ...env },
  });
  const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale });
  return { page: await context.newPage(), close: () => browser.close() };
}
