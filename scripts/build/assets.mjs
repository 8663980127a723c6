import { copyFileSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Files that are shipped as they are: from node_modules into dist. */
const ASSETS = [
  { package: 'iced-x86', file: 'iced_x86_bg.wasm', to: 'assets/iced_x86_bg.wasm' },
  { package: '@vscode/codicons', file: 'dist/codicon.css', to: 'webview/codicon.css' },
  { package: '@vscode/codicons', file: 'dist/codicon.ttf', to: 'webview/codicon.ttf' },
];

/** Packages that the assets come from, for the notices. */
export const ASSET_PACKAGES = [...new Set(ASSETS.map((asset) => asset.package))];

function upToDate(from, to) {
  return existsSync(to) && statSync(to).size === statSync(from).size && statSync(to).mtimeMs >= statSync(from).mtimeMs;
}

/** Copies the assets that changed. Returns how many. */
export function copyAssets(root) {
  let copied = 0;
  for (const { package: name, file, to } of ASSETS) {
    const source = join(root, 'node_modules', name, file);
    const target = join(root, 'dist', to);
    if (!existsSync(source)) throw new Error(`${name}/${file} is missing: run "npm ci" first`);
    if (upToDate(source, target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(source, target);
    copied++;
  }
  return copied;
}
