/** Runs npm the same way on every platform. */
import { spawn } from 'node:child_process';

/**
 * Runs `npm ARGS` in a folder and returns its standard output.
 * @param {string[]} args
 * @param {string} cwd
 * @returns {Promise<string>}
 * @throws Error with the end of npm's own message
 */
export function npm(args, cwd) {
  // Started by npm, `npm_execpath` names its script: no shell and no PATH look-up needed.
  const script = process.env.npm_execpath;
  const [command, prefix, shell] = script?.endsWith('.js')
    ? [process.execPath, [script], false]
    : ['npm', [], process.platform === 'win32'];
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...prefix, ...args, ...quiet], { cwd, shell, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (err += data));
    child.on('error', (error) => reject(new Error(`cannot start npm: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`npm ${args.join(' ')} failed (${code}):\n${err.trim().split('\n').slice(-6).join('\n')}`));
    });
  });
}
