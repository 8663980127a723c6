import assert from 'node:assert/strict';
import { decodeFields } from '../../../src/machine/bus/fields';
import { PortBus } from '../../../src/machine/bus/port-bus';
import { PortMapError } from '../../../src/machine/bus/port-map';
import { PortNames } from '../../../src/machine/bus/port-names';
import type { Device } from '../../../src/machine/devices/device';

const com: Device = {
  name: 'COM1',
  registers: [
    { port: 0x3f8, name: 'RBR', direction: 'in', doc: 'Receiver buffer.' },
    { port: 0x3f8, name: 'THR', direction: 'out', doc: 'Transmitter holding register.' },
    { port: 0x3fd, name: 'LSR', doc: 'Line status.' },
  ],
  readPort: () => 0,
  writePort: () => undefined,
  reset: () => undefined,
  save: () => ({ version: 1 }),
  load: () => undefined,
};

type Path = readonly (string | number)[];

/** A good port map, with one value of it replaced (undefined: left out). */
const map = (path: Path = [], value?: unknown): string => {
  const root: unknown = {
    version: 1,
    devices: [
      {
        name: 'WDT',
        doc: 'A watchdog.',
        base: '0x440',
        registers: [
          {
            port: 3,
            name: 'CTRL',
            direction: 'out',
            doc: 'Control.',
            fields: [
              { name: 'ENABLE', bits: 7, values: { 0: 'stopped', '0x1': 'running' } },
              { name: 'PERIOD', bits: '2:0', doc: 'Seconds, less one' },
            ],
          },
          { port: '0x3', name: 'STATUS', direction: 'in' },
          { port: 4, name: 'WIDE', width: 4, fields: [{ name: 'ALL', bits: '31:0' }] },
        ],
      },
    ],
  };
  let parent = root as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string | number, unknown>;
  if (path.length) parent[path[path.length - 1]] = value;
  return JSON.stringify(root);
};

describe('PortNames', () => {
  let names: PortNames;

  beforeEach(() => {
    const bus = new PortBus(() => undefined);
    bus.register(com);
    names = new PortNames(bus);
  });

  it('finds the ports of a register and of a device in any case', () => {
    assert.deepEqual(names.portOf('COM1.THR'), [0x3f8]);
    assert.deepEqual(names.portOf('com1.lsr'), [0x3fd]);
    assert.deepEqual(names.portOf('Com1'), [0x3f8, 0x3fd]);
    assert.equal(names.portOf('COM1.XYZ'), undefined);
    assert.equal(names.portOf('COM'), undefined);
    assert.equal(names.portOf(''), undefined);
  });

  it('loads a port map: names, directions, fields', () => {
    names.load(map(), 'wdt.json');
    assert.deepEqual(names.portOf('wdt.ctrl'), [0x443]);
    assert.deepEqual(names.portOf('WDT'), [0x443, 0x444]);
    assert.equal(names.nameOf(0x443, 'out'), 'WDT.CTRL');
    assert.equal(names.nameOf(0x443, 'in'), 'WDT.STATUS');
    assert.equal(names.nameOf(0x445, 'in'), '');
    const control = names.registerOf(0x443, 'out');
    assert.ok(control);
    assert.deepEqual(decodeFields(control, 0x85), [
      { name: 'ENABLE', bits: '7', value: 1, meaning: 'running', doc: undefined },
      { name: 'PERIOD', bits: '2:0', value: 5, meaning: undefined, doc: 'Seconds, less one' },
    ]);
    const wide = names.registerOf(0x444, 'in');
    assert.ok(wide);
    assert.equal(decodeFields(wide, 0xfedcba98)[0].value, 0xfedcba98);
  });

  it('lists every name for completions', () => {
    names.load(map(), 'wdt.json');
    assert.deepEqual(
      names.all().map(({ name, ports }) => `${name} ${ports.map((port) => port.toString(16)).join()}`),
      [
        'COM1 3f8,3fd',
        'COM1.RBR 3f8',
        'COM1.THR 3f8',
        'COM1.LSR 3fd',
        'WDT 443,444',
        'WDT.CTRL 443',
        'WDT.STATUS 443',
        'WDT.WIDE 444',
      ],
    );
  });

  it('shows the name of the own device where a map names its port', () => {
    names.load(map(['devices', 0, 'base'], 0x3f8 - 3), 'm.json');
    assert.equal(names.nameOf(0x3f8, 'out'), 'COM1.THR');
    assert.deepEqual(names.portOf('WDT.CTRL'), [0x3f8]);
  });

  const control = ['devices', 0, 'registers', 0];
  const broken: [string, string, RegExp][] = [
    ['no JSON', '{', /^m\.json: not JSON: /],
    ['no object', '[]', /^m\.json: an object is wanted$/],
    ['a wrong version', map(['version'], 2), /^m\.json: version: 1 is wanted, got 2$/],
    ['no devices', map(['devices']), /^m\.json: devices: a list is wanted$/],
    ['an unknown key', map(['devices', 0, 'irq'], 3), /^m\.json: devices\[0\]: unknown key "irq"; known are name, doc/],
    ['a bad name', map(['devices', 0, 'name'], 'W D'), /devices\[0\]\.name: a name of letters.*"W D"$/],
    ['a taken name', map(['devices', 0, 'name'], 'com1'), /devices\[0\]\.name: the name "com1" is taken/],
    ['twin names', map(['devices', 1], { name: 'wdt', registers: [] }), /devices\[1\]\.name: the name "wdt" is taken/],
    [
      'a bad port',
      map([...control, 'port'], 'zz'),
      /registers\[0\]\.port: a number from 0 to 0xffff is wanted, got "zz"/,
    ],
    ['a port beyond', map([...control, 'port'], 0xfff0), /0x10430 \(base included\) is beyond/],
    ['a bad direction', map([...control, 'direction'], 'both'), /direction: "in" or "out" is wanted, got "both"/],
    ['a bad width', map([...control, 'width'], 3), /width: 1, 2 or 4 \(bytes\) is wanted, got 3$/],
    ['bits beyond', map([...control, 'fields', 1, 'bits'], '8:0'), /"8:0" does not fit.*7 at most$/],
    ['bits reversed', map([...control, 'fields', 1, 'bits'], '0:2'), /"0:2" does not fit/],
    ['no bits', map([...control, 'fields', 1, 'bits']), /fields\[1\]\.bits: a bit such as 7 .*, got undefined$/],
    ['a value beyond', map([...control, 'fields', 0, 'values', '2'], 'x'), /values\.2: a number from 0 to 0x1 is/],
    ['values no object', map([...control, 'fields', 0, 'values'], 'x'), /values: an object is wanted$/],
    ['doc no text', map(['devices', 0, 'doc'], 7), /devices\[0\]\.doc: a string is wanted$/],
  ];
  for (const [what, text, message] of broken) {
    it(`refuses a map with ${what} and keeps nothing of it`, () => {
      assert.throws(
        () => names.load(text, 'm.json'),
        (error: unknown) => error instanceof PortMapError && message.test(error.message),
      );
      assert.equal(names.portOf('WDT'), undefined);
    });
  }
});
