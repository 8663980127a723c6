import assert from 'node:assert/strict';
import { SourceFiles } from '../../src/symbols/lines/source-files';
import { joinPath, mapPath, normalizePath } from '../../src/symbols/lines/source-path';

describe('source paths', () => {
  it('are normalized in the style they are written in', () => {
    const cases: [string, string][] = [
      ['/a/./b/../c//d.c', '/a/c/d.c'],
      ['a/../../b.c', '../b.c'],
      ['/../b.c', '/b.c'],
      ['C:\\a\\..\\b/c.c', 'C:\\b\\c.c'],
      ['C:/../b.c', 'C:\\b.c'],
      ['\\\\host\\share\\a.c', '\\\\host\\share\\a.c'],
      ['./a.c', 'a.c'],
    ];
    for (const [path, expected] of cases) assert.equal(normalizePath(path), expected, path);
  });

  it('are joined to their directory unless they are absolute', () => {
    assert.equal(joinPath('/build', '../src/a.c'), '/src/a.c');
    assert.equal(joinPath('/build', '/abs/a.c'), '/abs/a.c');
    assert.equal(joinPath('C:\\build', 'src/a.c'), 'C:\\build\\src\\a.c');
    assert.equal(joinPath('', 'a.c'), 'a.c');
  });

  it('are mapped by the longest prefix of whole components', () => {
    const map = { '/build': '/home/me', '/build/kernel': '/work/linux', '/b': '/wrong', 'C:\\src': '/mnt/src' };
    assert.equal(mapPath('/build/a.c', map), '/home/me/a.c');
    assert.equal(mapPath('/build/kernel/fork.c', map), '/work/linux/fork.c');
    assert.equal(mapPath('/builder/a.c', map), '/builder/a.c');
    assert.equal(mapPath('c:\\SRC\\x\\a.c', map), '/mnt/src/x/a.c');
  });

  it('match by the longest common end, and all that match alike', () => {
    const files = new SourceFiles({});
    for (const path of ['/k/kernel/main.c', '/k/init/main.c', '/k/lib/list.h']) files.intern(path);
    const match = (path: string): string[] => files.match(path).map((file) => file.path);
    assert.deepEqual(match('/k/init/main.c'), ['/k/init/main.c']);
    assert.deepEqual(match('/elsewhere/init/main.c'), ['/k/init/main.c']);
    assert.deepEqual(match('main.c'), ['/k/kernel/main.c', '/k/init/main.c']);
    assert.deepEqual(match('/x/LIST.H'), ['/k/lib/list.h']);
    assert.deepEqual(match('/x/other.c'), []);
  });

  it('are one object each', () => {
    const files = new SourceFiles({ '/a': '/b' });
    assert.equal(files.intern('/a/x.c'), files.intern('/a/x.c'));
    assert.equal(files.match('/b/x.c')[0], files.match('/a/x.c')[0]);
  });
});
