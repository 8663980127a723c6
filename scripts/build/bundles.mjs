import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Oldest runtimes: Node of the oldest VS Code we support, and its Chromium. */
const NODE_TARGET = 'node20';
const BROWSER_TARGET = 'chrome122';

const node = { platform: 'node', format: 'cjs', target: NODE_TARGET };

/** Bundles with a fixed entry point; paths from the root of the repository. */
const FIXED = [
  {
    entry: 'src/cli/main.ts',
    output: 'dist/ringside.js',
    options: node,
  },
  {
    entry: 'src/extension/main.ts',
    output: 'dist/extension.js',
    options: { ...node, external: ['vscode'] },
  },
  {
    entry: 'debugAdapter/worker.ts',
    output: 'dist/adapter-worker.js',
    options: { platform: 'browser', format: 'iife', target: BROWSER_TARGET },
  },
];

/** Each script and style sheet right in src/extension/webview is the page of one panel. */
function webviewBundles(root) {
  const folder = 'src/extension/webview';
  return readdirSync(join(root, folder))
    .filter((name) => /\.(ts|css)$/.test(name) && !name.endsWith('.d.ts'))
    .map((name) => ({
      entry: `${folder}/${name}`,
      output: `dist/webview/${name.replace(/\.ts$/, '.js')}`,
      options: {
        platform: 'browser',
        format: 'iife',
        target: BROWSER_TARGET,
        loader: { '.ttf': 'file', '.svg': 'dataurl' },
      },
    }));
}

/** Everything that esbuild makes, but `START`. */
export function listBundles(root) {
  return [...FIXED, ...webviewBundles(root)];
}

/** What starts the first of the bundles, and knows the digest of its text. */
export const START = {
  entry: 'src/cli/start.ts',
  output: 'dist/cli.js',
  options: { ...node, banner: { js: '#!/usr/bin/env node' } },
  executable: true,
  starts: 'dist/ringside.js',
};
