import type { ChannelName } from '../../../../debugAdapter/protocol';

/** Theme colours of the channels, also in style.css. */
const CHANNEL_COLORS: Record<ChannelName, string> = {
  direct: '--vscode-charts-blue',
  trap: '--vscode-charts-red',
  vtx: '--vscode-charts-yellow',
  hypercall: '--vscode-charts-green',
};

/** The present value of a theme colour, for a canvas. */
export function themeColor(name: string): string {
  const style = getComputedStyle(document.documentElement);
  return style.getPropertyValue(name).trim() || style.getPropertyValue('--vscode-foreground').trim();
}

/** @see themeColor */
export function channelColor(channel: ChannelName): string {
  return themeColor(CHANNEL_COLORS[channel]);
}

/** Calls back when the user changes the colour theme: VS Code marks the body with the theme's kind and name. */
export function onThemeChange(listener: () => void): void {
  new MutationObserver(listener).observe(document.body, {
    attributes: true,
    attributeFilter: ['class', 'data-vscode-theme-id'],
  });
}
