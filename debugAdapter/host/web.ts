import type { AdapterHost } from '../engine';

/** Files of somebody else's world: an extension's file system API, or the other side of a worker. */
export interface FileAccess {
  /** @throws Error whose message names the path */
  readFile(path: string): Promise<Uint8Array>;
  writeFile(path: string, data: Uint8Array): Promise<void>;
  /** A file that ships with Ringside, by bare name. */
  readAsset(name: string): Promise<Uint8Array>;
}

/** True for what needs no directory in front: `/x`, `C:\x`, `vscode-vfs://x`. */
const ABSOLUTE = /^([/\\]|[A-Za-z]:[/\\]|[a-z][a-z0-9+.-]+:\/\/)/i;

function resolvePath(cwd: string | undefined, path: string): string {
  return cwd === undefined || ABSOLUTE.test(path) ? path : `${cwd.replace(/[/\\]$/, '')}/${path}`;
}

/** A macrotask without the 4 ms that nested timers are held back for in browsers. */
function macrotasks(): (task: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const tasks: (() => void)[] = [];
  port1.onmessage = () => tasks.shift()?.();
  return (task) => {
    tasks.push(task);
    port2.postMessage(undefined);
  };
}

/**
 * Time and slices by what every JavaScript world has; files by `files`. There are no file sinks.
 * @param cwd relative paths start here
 */
export function webHost(files: FileAccess, cwd?: string): AdapterHost {
  const soon = macrotasks();
  return {
    readFile: (path) => files.readFile(resolvePath(cwd, path)),
    writeFile: (path, data) => files.writeFile(resolvePath(cwd, path), data),
    readAsset: (name) => files.readAsset(name),
    defer: (task, milliseconds) => void (milliseconds ? setTimeout(task, milliseconds) : soon(task)),
    nanoseconds: () => Math.round(performance.now() * 1e6),
    wallClock: () => Date.now(),
  };
}
