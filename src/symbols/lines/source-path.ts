/** Paths as compilers write them: POSIX or Windows, absolute or relative, told by their own looks. */

const WINDOWS_ROOT = /^[a-z]:[\\/]|^\\\\/i;

function isWindows(path: string): boolean {
  return WINDOWS_ROOT.test(path);
}

function isAbsolute(path: string): boolean {
  return path.startsWith('/') || isWindows(path);
}

/** `name` as seen from `directory`, without `.` and `..` as far as they can be resolved. */
export function joinPath(directory: string, name: string): string {
  if (isAbsolute(name) || directory === '') return normalizePath(name);
  return normalizePath(`${directory}/${name}`);
}

/** Resolves `.`, `..` and doubled separators; Windows paths get backslashes, others keep slashes. */
export function normalizePath(path: string): string {
  const windows = isWindows(path);
  const parts = path.split(windows ? /[\\/]+/ : /\/+/);
  const result: string[] = [];
  for (const part of parts) {
    if (part === '.' || part === '') continue;
    const last = result.at(-1);
    if (part === '..' && last !== undefined && last !== '..' && !/^[a-z]:$/i.test(last)) result.pop();
    else if (part !== '..' || !isAbsolute(path)) result.push(part);
  }
  if (windows) return (path.startsWith('\\\\') ? '\\\\' : '') + result.join('\\');
  return (path.startsWith('/') ? '/' : '') + result.join('/');
}

/** The form in which two paths are compared: components, in lower case if one of them is a Windows path. */
export function pathComponents(path: string, ignoreCase: boolean): string[] {
  const parts = path.split(/[\\/]+/).filter((part) => part !== '' && part !== '.');
  return ignoreCase ? parts.map((part) => part.toLowerCase()) : parts;
}

/** How many components two paths have in common at their ends. */
export function commonSuffix(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a[a.length - 1 - count] === b[b.length - 1 - count]) count++;
  return count;
}

/**
 * Rewrites the beginning of a path as a `sourceMap` says: keys are prefixes that the compiler saw, values are what they are
 * here. The longest key that matches whole components wins.
 */
export function mapPath(path: string, sourceMap: Readonly<Record<string, string>>): string {
  let best: { from: string; to: string } | undefined;
  for (const [key, to] of Object.entries(sourceMap)) {
    const from = normalizePath(key);
    if (startsWithPath(path, from) && (!best || from.length > best.from.length)) best = { from, to };
  }
  if (!best) return path;
  const rest = path.slice(best.from.length).replace(/^[\\/]+/, '');
  return joinPath(best.to, isWindows(path) && !isWindows(best.to) ? rest.replaceAll('\\', '/') : rest);
}

function startsWithPath(path: string, prefix: string): boolean {
  const ignoreCase = isWindows(path);
  const [p, q] = ignoreCase ? [path.toLowerCase(), prefix.toLowerCase()] : [path, prefix];
  return p === q || (p.startsWith(q) && (q === '' || /[\\/]/.test(p[q.length]) || /[\\/]$/.test(q)));
}
