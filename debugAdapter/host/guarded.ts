import type { AdapterHost } from '../engine';

/**
 * The same host, but what a time slice throws goes to `onFailure` instead of ending the process: a fault of
 * Ringside's own ends one guest, not the adapter.
 */
export function guarded(host: AdapterHost, onFailure: (error: unknown) => void): AdapterHost {
  return {
    ...delegate(host),
    defer: (task, milliseconds) =>
      host.defer(() => {
        try {
          task();
        } catch (error) {
          onFailure(error);
        }
      }, milliseconds),
  };
}

/** The members of a host, bound: a host may be an instance of a class. */
function delegate(host: AdapterHost): AdapterHost {
  return {
    readFile: (path) => host.readFile(path),
    writeFile: (path, data) => host.writeFile(path, data),
    readAsset: (name) => host.readAsset(name),
    defer: (task, milliseconds) => host.defer(task, milliseconds),
    nanoseconds: () => host.nanoseconds(),
    wallClock: () => host.wallClock(),
    ...(host.openSink ? { openSink: (path: string) => host.openSink!(path) } : {}),
  };
}
