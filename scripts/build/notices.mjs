import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LICENSE_FILE = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

/** Names of the packages that bundled files come from. */
function bundledPackages(metafiles) {
  const names = new Set();
  for (const { inputs } of metafiles) {
    for (const file of Object.keys(inputs)) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(file)?.[1];
      if (name) names.add(name);
    }
  }
  return names;
}

function notice(root, name) {
  const folder = join(root, 'node_modules', name);
  const { version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((file) => LICENSE_FILE.test(file));
  if (files.length === 0 && !license) throw new Error(`${name} names no licence: it must not be shipped`);
  const who = typeof author === 'string' ? author : author?.name;
  const text = files.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n');
  return [`${name} ${version} (${license})`, ...(who ? [`by ${who}`] : []), '', text || `Licence: ${license}`].join(
    '\n',
  );
}

/** Text of THIRD-PARTY-NOTICES.txt: the licence of every package that is in a bundle or shipped beside it. */
export function thirdPartyNotices(root, metafiles, assetPackages) {
  const names = [...new Set([...bundledPackages(metafiles), ...assetPackages])].sort();
  const rule = `\n\n${'-'.repeat(80)}\n\n`;
  const head = 'Ringside contains software of others. Their licences follow.';
  return `${[head, ...names.map((name) => notice(root, name))].join(rule)}\n`;
}
