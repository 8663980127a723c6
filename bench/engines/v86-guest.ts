import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { V86, type V86Options } from 'v86';

/** What of v86's inside is needed: its ports. It has no public way to hear of the debug console. */
interface Inside {
  readonly v86: {
    readonly cpu: {
      readonly io: { register_write(port: number, device: object, write: (value: number) => void): void };
    };
  };
}

const CONSOLE_PORT = 0xe9;

/** An image for v86, out of a file's bytes. */
export function image(bytes: Uint8Array): { buffer: ArrayBuffer } {
  return { buffer: Uint8Array.from(bytes).buffer };
}

/** v86 without screen, keyboard and sound; it stands still until `run` is called. */
export async function createV86(options: V86Options): Promise<V86> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('v86/package.json')), 'build');
  const emulator = new V86({
    wasm_path: join(folder, 'v86.wasm'),
    vga_memory_size: 2 << 20,
    disable_speaker: true,
    autostart: false,
    ...options,
  });
  await new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()));
  return emulator;
}

/** Hears of every byte that the guest writes to the debug console. */
export function onConsole(emulator: V86, listener: (byte: number) => void): void {
  (emulator as unknown as Inside).v86.cpu.io.register_write(CONSOLE_PORT, {}, listener);
}
