import type { Page } from 'playwright-core';

export function openBrowser(size?: {
  width?: number;
  height?: number;
  scale?: number;
}): Promise<{ page: Page; close: () => Promise<void> }>;
