import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ATTRIBUTE_NAMES } from '../../debugAdapter/launch/attributes';
import { launchConfiguration } from '../../debugAdapter/launch/configuration';

interface AttributeSchema {
  default?: unknown;
  enum?: string[];
  items?: AttributeSchema;
  properties?: Record<string, AttributeSchema>;
}

const PROGRAM = { program: 'guest.elf' };

/** The attributes as the extension describes them to the editor. */
function described(): Record<string, AttributeSchema> {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
    contributes: {
      debuggers: { configurationAttributes: { launch: { properties: Record<string, AttributeSchema> } } }[];
    };
  };
  return manifest.contributes.debuggers[0].configurationAttributes.launch.properties;
}

describe('launch attributes', () => {
  it('are those that the editor completes', () => {
    assert.deepEqual(Object.keys(described()).sort(), [...ATTRIBUTE_NAMES].sort());
  });

  it('have the defaults that the editor shows', () => {
    const properties = described();
    const filled = launchConfiguration(PROGRAM, { com1: 'terminal' }) as unknown as Record<string, unknown>;
    for (const name of ['commandLine', 'memoryMB', 'cpu', 'stopOnEntry', 'breakpoints', 'sourceMap']) {
      assert.deepEqual(filled[name], properties[name].default, name);
    }
    for (const group of ['hypervisor', 'serial', 'record']) {
      for (const [name, schema] of Object.entries(properties[group].properties ?? {})) {
        if (schema.default !== undefined) {
          assert.deepEqual((filled[group] as Record<string, unknown>)[name], schema.default, `${group}.${name}`);
        }
      }
    }
  });

  it('take every word that the editor offers', () => {
    const properties = described();
    for (const name of ['format', 'cpu']) {
      for (const word of properties[name].enum ?? [])
        launchConfiguration({ ...PROGRAM, [name]: word }, { com1: 'none' });
    }
    for (const mode of properties.hypervisor.properties?.mode.enum ?? []) {
      launchConfiguration({ ...PROGRAM, hypervisor: { mode } }, { com1: 'none' });
    }
    const checks = properties.hypervisor.properties?.vmi.properties?.checkPages.enum ?? [];
    assert.equal(checks.length, 2);
    for (const checkPages of checks) {
      const { hypervisor } = launchConfiguration({ ...PROGRAM, hypervisor: { vmi: { checkPages } } }, { com1: 'none' });
      assert.equal(hypervisor.vmi?.checkPages, checkPages);
    }
  });

  it('take every kind and interface of drive that the editor offers, a disk on IDE unless said', () => {
    const drive = (attributes: object): unknown =>
      launchConfiguration({ drives: [{ file: 'a.img', ...attributes }] }, { com1: 'none' }).drives[0];
    const items = described().drives.items?.properties ?? {};
    for (const name of ['kind', 'interface']) {
      for (const word of items[name].enum ?? []) {
        assert.equal((drive({ [name]: word }) as Record<string, unknown>)[name], word);
      }
    }
    assert.deepEqual(drive({}), {
      file: 'a.img',
      kind: items.kind.default,
      interface: items.interface.default,
      snapshot: items.snapshot.default,
    });
    assert.throws(() => drive({ interface: 'scsi' }), /drives\[0\]\.interface: expected .*ide.*virtio/);
  });

  it('take addresses as numbers and as text', () => {
    for (const entry of [0x100000, '0x100000', '1048576']) {
      assert.equal(launchConfiguration({ ...PROGRAM, entry }, { com1: 'none' }).entry, 0x100000);
    }
    for (const entry of [-1, 1.5, '100000h', 0x100000000, true]) {
      assert.throws(
        () => launchConfiguration({ ...PROGRAM, entry }, { com1: 'none' }),
        /^Error: Launch attribute entry: expected an address/,
      );
    }
  });

  it('take one symbol file or a list', () => {
    assert.deepEqual(launchConfiguration({ ...PROGRAM, symbols: 'a.elf' }, { com1: 'none' }).symbols, ['a.elf']);
    assert.deepEqual(launchConfiguration({ ...PROGRAM, symbols: ['a', 'b'] }, { com1: 'none' }).symbols, ['a', 'b']);
  });

  it('take the clock in UTC where it names no zone', () => {
    const clock = (text: string): number | undefined =>
      launchConfiguration({ ...PROGRAM, clock: text }, { com1: 'none' }).clock;
    assert.equal(clock('2007-02-14T12:00:00'), Date.UTC(2007, 1, 14, 12));
    assert.equal(clock('2007-02-14T12:00:00+02:00'), Date.UTC(2007, 1, 14, 10));
    assert.equal(clock('2007-02-14'), Date.UTC(2007, 1, 14));
    assert.throws(() => clock('2007-13-14T12:00:00'), /there is no 2007-13-14/);
  });
});
