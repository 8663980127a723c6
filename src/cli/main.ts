import { nodeHost } from '../../debugAdapter/host/node';
import { ringsideEngine } from '../../debugAdapter/ringside-engine';
import { assetsFolder } from './assets';
import { commandLine } from './command-line';
import { nodeConsole } from './node-console';
import { usePrebuiltInterpreters } from './prebuilt-interpreters';

usePrebuiltInterpreters();
const console = nodeConsole();
const assets = assetsFolder();

void commandLine(process.argv.slice(2), console, ringsideEngine, (cwd) =>
  nodeHost({ cwd, assets, warn: (message) => console.err(message) }),
).then((status) => {
  process.exitCode = status;
  // An open standard input would keep the process alive.
  process.stdin.destroy();
});
