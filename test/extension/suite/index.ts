import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from 'mocha';

/**
 * Entry point inside the extension host, for VS Code's server and for @vscode/test-electron alike. What is printed
 * goes to the file that RINGSIDE_SUITE_LOG names, because the host's own console is full of other things.
 */
export async function run(): Promise<void> {
  const log = process.env.RINGSIDE_SUITE_LOG;
  if (log) {
    Mocha.reporters.Base.consoleLog = (format = '', ...values: unknown[]) => {
      appendFileSync(log, `${formatted(format as string, values)}\n`);
    };
  }
  const mocha = new Mocha({ ui: 'bdd', color: false, timeout: 60_000, forbidOnly: true, reporter: 'spec' });
  const grep = process.env.RINGSIDE_SUITE_GREP;
  if (grep) mocha.grep(grep);
  for (const name of readdirSync(__dirname).sort()) if (name.endsWith('.test.js')) mocha.addFile(join(__dirname, name));
  await new Promise<void>((resolve, reject) => {
    mocha.run((failures) => (failures === 0 ? resolve() : reject(new Error(`${failures} tests failed`))));
  });
}

/** `%s` and `%d` as console.log has them: mocha's reporters use nothing else. */
function formatted(format: string, values: unknown[]): string {
  const rest = [...values];
  const text = format.replace(/%[sd]/g, () => String(rest.shift()));
  return [text, ...rest.map(String)].join(' ');
}
