import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { INIT_MARKER, PROMPT } from './initramfs';
import type { LinuxImages } from './images';

const CLI = join(__dirname, '..', '..', '..', 'dist', 'cli.js');

/** How a kernel is run. */
export interface BootOptions {
  /** Mode, with the hypercall ABIs that it offers beside its own: `vtx+kvm`. */
  readonly hypervisor: string;
  readonly cpu: string;
  /** Added to the command line. */
  readonly append?: string;
  readonly memoryMB?: number;
  readonly drive?: string;
  /** A virtio disk and the file that the virtio console goes to; neither unless given. */
  readonly virtio?: { readonly drive: string; readonly console: string };
}

/** A Linux under the command line interface, with somebody at its serial console. */
export class LinuxConsole {
  /** All that came out of COM1 so far, ends of lines as \n. */
  text = '';
  /** What Ringside itself had to say. */
  messages = '';
  private readonly child: ChildProcess;
  private readonly ended: Promise<number | null>;
  private wake: () => void = () => {};
  private gone = false;

  constructor(images: LinuxImages, options: BootOptions) {
    const { hypervisor, cpu, append = '', memoryMB = 128, drive, virtio } = options;
    const args = [CLI, 'run', images.kernel, '--memory', String(memoryMB)];
    if (images.initrd) args.push('--initrd', images.initrd);
    args.push('--cpu', cpu, '--hypervisor', hypervisor, '--append', `console=ttyS0 ${append}`.trim());
    // A port access takes 15.8 µs of guest time by VT-x of 2005, too long for Linux to calibrate its clock with the 8254.
    if (hypervisor === 'vtx') args.push('--cost-profile', 'nehalem');
    if (drive) args.push('--drive', drive);
    if (virtio) args.push('--drive', `${virtio.drive},if=virtio`, '--virtio-console', virtio.console);
    this.child = spawn(process.execPath, args);
    this.child.stdout?.on('data', (data: Buffer) => {
      this.text += data.toString('latin1').replaceAll('\r', '');
      this.wake();
    });
    this.child.stderr?.on('data', (data: Buffer) => (this.messages += data.toString()));
    this.ended = new Promise((resolve) => {
      this.child.on('exit', (status) => {
        this.gone = true;
        this.wake();
        resolve(status);
      });
    });
  }

  /** Waits for text behind a place. @returns the place behind it @throws Error if the run ends before */
  async waitFor(text: string, from = 0): Promise<number> {
    for (;;) {
      const at = this.text.indexOf(text, from);
      if (at >= 0) return at + text.length;
      if (this.gone) {
        throw new Error(
          `the run ended before "${text}" came:\n${this.text.slice(-2000)}\n${this.messages.slice(-500)}`,
        );
      }
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  /** Waits for the shell to be ready. */
  async shell(): Promise<void> {
    await this.waitFor(PROMPT, await this.waitFor(INIT_MARKER));
  }

  /** Types a command. @returns what it prints */
  async run(command: string): Promise<string> {
    const start = this.text.length;
    this.type(`${command}\n`);
    const echoed = await this.waitFor(`${command}\n`, start);
    const end = await this.waitFor(PROMPT, echoed);
    return this.text.slice(echoed, end - PROMPT.length);
  }

  type(text: string): void {
    this.child.stdin?.write(text);
  }

  /** Waits for the run to end by itself. @returns its exit status */
  end(): Promise<number | null> {
    return this.ended;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
