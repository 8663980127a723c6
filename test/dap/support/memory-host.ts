import type { AdapterHost } from '../../../debugAdapter/engine';

/** A host whose files are in memory. */
export class MemoryHost implements AdapterHost {
  readonly files = new Map<string, Uint8Array>();
  readonly sinks = new Map<string, { bytes: number[]; closed: boolean }>();

  readFile(path: string): Promise<Uint8Array> {
    const file = this.files.get(path);
    return file ? Promise.resolve(file) : Promise.reject(new Error(`${path}: cannot be read: no such file`));
  }

  writeFile(path: string, data: Uint8Array): Promise<void> {
    this.files.set(path, data);
    return Promise.resolve();
  }

  readAsset(name: string): Promise<Uint8Array> {
    return Promise.reject(new Error(`no asset ${name}`));
  }

  defer(task: () => void): void {
    setImmediate(task);
  }

  nanoseconds(): number {
    return 0;
  }

  wallClock(): number {
    return 0;
  }

  openSink(path: string): { write(data: Uint8Array): void; close(): void } {
    if (path.includes('missing')) throw new Error(`${path}: cannot be written: no such file`);
    const sink = { bytes: [] as number[], closed: false };
    this.sinks.set(path, sink);
    return {
      write: (data) => void sink.bytes.push(...data),
      close: () => {
        sink.closed = true;
      },
    };
  }
}
