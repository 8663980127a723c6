/**
 * What is fetched, pinned. code-server's package carries the unmodified server build of VS Code (workbench for a
 * browser, extension host in Node); only that part of it is used.
 */

/** VS Code 1.139.1 inside. It needs Node 24, which comes from its own npm package. */
export const CODE_SERVER = '4.139.1';
export const NODE = '24.21.0';
/** A headless Chromium inside an npm package, Linux x64 only. */
export const CHROMIUM = '@sparticuz/chromium';
export const CHROMIUM_VERSION = '153.0.0';

/** Modules that server, extension host, file watcher, terminal host and workbench load; the rest is left out. */
const KEPT_MODULES = [
  /^@microsoft\/1ds-/,
  /^@parcel\/watcher$/,
  /^@vscode\/(iconv-lite-umd|proxy-agent|ripgrep-universal|native-watchdog|spdlog|fs-copyfile|deviceid)$/,
  /^@vscode\/(tree-sitter-wasm|vscode-languagedetection)$/,
  /^@xterm\//,
  /^(cookie|http-proxy-agent|https-proxy-agent|jschardet|katex|minimist|node-pty|tas-client)$/,
  /^(vscode-oniguruma|vscode-regexpp|vscode-textmate|ws|yauzl|yazl|zod)$/,
];

/** Built-in extensions with large dependencies and no part in debugging. */
export const DROPPED_EXTENSIONS = ['copilot', 'mermaid-markdown-features'];

/**
 * The server's package.json with the dependencies cut to what is loaded.
 * @param {Record<string, unknown>} manifest
 */
export function cutManifest(manifest) {
  const { overrides: _overrides, allowScripts: _allowScripts, dependencies = {}, ...rest } = manifest;
  const kept = Object.entries(dependencies).filter(([name]) => KEPT_MODULES.some((pattern) => pattern.test(name)));
  return { ...rest, dependencies: Object.fromEntries(kept) };
}

/** Name of the npm package that holds Node's binary for this machine, or undefined if there is none. */
export function nodePackage(platform = process.platform, arch = process.arch) {
  const os = { linux: 'linux', darwin: 'darwin', win32: 'win' }[platform];
  if (!os || !['x64', 'arm64'].includes(arch)) return undefined;
  return `node-${os}-${arch}`;
}
