import type { Console } from './console';

const CTRL_C = 3;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The console of the process. A terminal is switched to raw mode while a guest reads from it. */
export function nodeConsole(): Console {
  const interrupts = new Set<() => void>();
  const interrupt = (): void => {
    for (const listener of interrupts) listener();
  };
  // A reader that goes away (`| head`) is no error of ours.
  process.stdout.on('error', () => interrupt());
  return {
    out: (data) => void process.stdout.write(data),
    err: (message) => void process.stderr.write(`${message}\n`),
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
