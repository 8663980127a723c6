import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GUESTS, ROOT, buildGuests, outputPath, readBuilt } from './support';

describe('building the guests', function () {
  this.timeout(300_000);

  before(async () => {
    const { status, messages } = await buildGuests();
    assert.equal(status, 0, messages);
  });

  it('makes every guest and every file it names', () => {
    for (const name of GUESTS) {
      const built = readBuilt(name);
      assert.equal(built.name, name);
      assert.ok(built.description.length > 0);
      for (const file of [built.program, built.symbols, ...built.drives.map((drive) => drive.file)]) {
        assert.ok(existsSync(outputPath(file)), file);
      }
    }
  });

  it('prints one line per guest and leaves alone what is up to date', async () => {
    const { status, output } = await buildGuests();
    assert.equal(status, 0);
    const lines = output.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => line.split(/\s+/)[0]),
      GUESTS,
    );
    for (const line of lines) assert.match(line, /up to date/);
  });

  it('goes by contents, not by time', async () => {
    const now = new Date();
    utimesSync(join(ROOT, 'guests', 'faults', 'main.c'), now, now);
    const { output } = await buildGuests('faults');
    assert.match(output, /^faults +up to date/);
  });

  it('builds again what is missing', async () => {
    rmSync(outputPath('hello-bootsector.bin'));
    const { output } = await buildGuests('hello-bootsector');
    assert.match(output, /^hello-bootsector +built .*hello-bootsector\.bin \(512 bytes\)/);
  });

  it('names an unknown guest and the known ones', async () => {
    const { status, messages } = await buildGuests('nonesuch');
    assert.equal(status, 1);
    assert.match(
      messages,
      /no such guest: nonesuch \(known: faults, hello-bootsector, paravirt-io, ports, rom-tests, vmi-kernel\)/,
    );
    assert.doesNotMatch(messages, /\n\s+at /);
  });
});

interface ManifestModule {
  readManifest: (root: string, name: string) => { sources: string[]; drives: unknown[]; hypercallHeaders: boolean };
}

interface ZigModule {
  Zig: new (root: string) => { run(args: string[]): Promise<string> };
}

function load<T>(script: string): Promise<T> {
  return import(pathToFileURL(join(ROOT, 'scripts', 'guests', script)).href) as Promise<T>;
}

describe('guest.json', () => {
  const good = {
    name: 'sample',
    kind: 'multiboot',
    description: 'A sample.',
    linkerScript: 'link.ld',
    sources: ['a.S'],
  };
  let root: string;
  let readManifest: ManifestModule['readManifest'];

  before(async () => {
    ({ readManifest } = await load<ManifestModule>('manifest.mjs'));
    root = mkdtempSync(join(tmpdir(), 'ringside-guest-'));
    mkdirSync(join(root, 'guests', 'sample'), { recursive: true });
    for (const file of ['link.ld', 'a.S']) writeFileSync(join(root, 'guests', 'sample', file), '');
  });

  after(() => rmSync(root, { recursive: true }));

  function read(manifest: unknown): ReturnType<ManifestModule['readManifest']> {
    const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
    writeFileSync(join(root, 'guests', 'sample', 'guest.json'), text);
    return readManifest(root, 'sample');
  }

  it('gives paths from the checkout and fills in what is left out', () => {
    const manifest = read(good);
    assert.deepEqual(manifest.sources, ['guests/sample/a.S']);
    assert.deepEqual(manifest.drives, []);
    assert.equal(manifest.hypercallHeaders, false);
  });

  for (const [what, manifest, message] of [
    ['text that is not JSON', '{', /guests\/sample\/guest\.json: /],
    ['an unknown key', { ...good, colour: 'red' }, /unknown key "colour"/],
    ['a value of the wrong type', { ...good, sources: 'a.S' }, /"sources" must be a list/],
    ['a missing key', { ...good, kind: undefined }, /"kind" is missing/],
    ['an unknown kind', { ...good, kind: 'floppy' }, /unknown kind "floppy"/],
    ['another folder\u2019s name', { ...good, name: 'other' }, /"name" must be that of the folder/],
    ['a source that is not there', { ...good, sources: ['b.c'] }, /b\.c does not exist/],
    ['an unknown disk image', { ...good, drives: [{ file: 'x', kind: 'disk', image: 'y' }] }, /unknown disk image "y"/],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => read(manifest), message);
    });
  }
});

describe('the compiler', () => {
  it('says what is wrong with a source, in zig\u2019s words', async () => {
    const { Zig } = await load<ZigModule>('zig.mjs');
    const folder = mkdtempSync(join(tmpdir(), 'ringside-zig-'));
    try {
      const source = join(folder, 'bad.c');
      writeFileSync(source, 'int main(void) { return nonesuch; }\n');
      await assert.rejects(
        new Zig(ROOT).run(['cc', '-target', 'x86-freestanding-none', '-c', source, '-o', join(folder, 'bad.o')]),
        /zig cc failed \(status 1\)[^]*undeclared identifier 'nonesuch'/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  }).timeout(60_000);
});
