import type { Console } from './console';

const CTRL_C = 3;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Most characters of messages that wait to be written. */
const MAX_WAITING = 1 << 16;

/**
 * Writes messages to standard error, those of a moment in one go: a write by itself takes microseconds, and log breakpoints
 * may have hundreds of thousands of messages a second.
 */
class Messages {
  private waiting = '';

  constructor() {
    process.once('exit', () => this.flush());
  }

  add(message: string): void {
    if (this.waiting === '') queueMicrotask(() => this.flush());
    this.waiting += `${message}\n`;
    if (this.waiting.length > MAX_WAITING) this.flush();
  }

  flush(): void {
    if (this.waiting === '') return;
    const text = this.waiting;
    this.waiting = '';
    process.stderr.write(text);
  }
}

/** The console of the process. A terminal is switched to raw mode while a guest reads from it. */
export function nodeConsole(): Console {
  const interrupts = new Set<() => void>();
  const interrupt = (): void => {
    for (const listener of interrupts) listener();
  };
  // A reader that goes away (`| head`) is no error of ours.
  process.stdout.on('error', () => interrupt());
  const messages = new Messages();
  return {
    out: (data) => {
      // What was said before comes before, where both go to the same place.
      messages.flush();
      process.stdout.write(data);
    },
    err: (message) => messages.add(message),
    cwd: process.cwd(),
    readInput(onData, onEnd) {
      const { stdin } = process;
      const listener = (data: Buffer): void => {
        // In raw mode the terminal sends no signal for Ctrl-C.
        if (stdin.isTTY && data.includes(CTRL_C)) interrupt();
        else onData(new Uint8Array(data));
      };
      if (stdin.isTTY) stdin.setRawMode(true);
      stdin.on('data', listener);
      stdin.on('end', onEnd);
      stdin.on('error', onEnd);
      return () => {
        stdin.off('data', listener);
        stdin.off('end', onEnd);
        if (stdin.isTTY) stdin.setRawMode(false);
        stdin.destroy();
      };
    },
    onInterrupt(onInterrupt) {
      if (interrupts.size === 0) for (const signal of SIGNALS) process.on(signal, interrupt);
      interrupts.add(onInterrupt);
      return () => {
        interrupts.delete(onInterrupt);
        if (interrupts.size === 0) for (const signal of SIGNALS) process.off(signal, interrupt);
      };
    },
  };
}
