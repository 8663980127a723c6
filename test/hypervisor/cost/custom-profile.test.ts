import assert from 'node:assert/strict';
import { CostProfileError, customCostProfile } from '../../../src/hypervisor/cost/custom-profile';
import { COST_PROFILES, DEFAULT_COST_PROFILE, findCostProfile } from '../../../src/hypervisor/cost/profiles';
import { TestGuest } from '../support';

describe("a cost profile of the user's own", () => {
  it('inherits every part that it leaves out from the default profile', () => {
    const profile = customCostProfile({ trap: { port: { decode: 100 } } }, 'mine');
    const { trap, ...rest } = DEFAULT_COST_PROFILE;
    assert.deepEqual(profile.trap.port, {
      ...trap.port,
      decode: { cycles: 100, basis: 'given', note: "stands in the user's profile without a note" },
    });
    assert.deepEqual(profile.trap.string, trap.string, 'a string does not follow a changed port');
    assert.deepEqual(profile, { ...rest, name: 'mine', doc: profile.doc, trap: { ...trap, port: profile.trap.port } });
    assert.match(profile.doc, /based on pentium4-672/);
  });

  it('inherits from the base it names', () => {
    const merom = findCostProfile('merom');
    const profile = customCostProfile(
      { base: 'Merom', name: 'x', native: 1, hypercall: { call: { device: 7 } } },
      'mine',
    );
    assert.equal(profile.name, 'x');
    assert.equal(profile.native.cycles, 1);
    assert.deepEqual(profile.vtx, merom?.vtx);
    assert.equal(profile.hypercall.call.device.cycles, 7);
    assert.deepEqual(profile.hypercall.port, merom?.hypercall.port);
    assert.deepEqual([profile.year, profile.megahertz, profile.processor], [2006, 2660, merom?.processor]);
  });

  it('keeps basis and note of a figure', () => {
    const figure = { cycles: 12, basis: 'measured' as const, note: 'perf stat' };
    assert.deepEqual(customCostProfile({ vmcall: { string: { return: figure } } }, 'x').vmcall.string.return, figure);
  });

  it('can be what a profile of ours is as JSON', () => {
    for (const profile of COST_PROFILES) {
      assert.deepEqual(customCostProfile(JSON.parse(JSON.stringify(profile)), 'x'), profile);
    }
  });

  const BAD: [string, unknown, RegExp][] = [
    ['no object', 3, /^expected an object, got 3$/],
    ['a list', [], /^expected an object, got \[\]$/],
    ['an unknown member', { trapp: {} }, /^trapp: there is no such member; there are base, name, .*trap, vtx/],
    ['an unknown base', { base: 'z80' }, /^base: expected the name of a profile \(pentium4-672, .*\), got "z80"$/],
    ['an unknown kind', { trap: { call: {} } }, /^trap\.call: there is no such member; there are port, string, priv/],
    ['an unknown part', { vtx: { port: { exit: 1 } } }, /^vtx\.port\.exit: there is no such member; .* return$/],
    ['text for cycles', { trap: { port: { decode: 'x' } } }, /^trap\.port\.decode: expected cycles, .*, got "x"$/],
    ['negative cycles', { native: -1 }, /^native: expected cycles, a whole number from 0 to 1000000000, got -1$/],
    ['a fraction', { native: { cycles: 1.5 } }, /^native\.cycles: .* got 1\.5$/],
    ['too many cycles', { native: 1e12 }, /^native: .* got 1000000000000$/],
    ['cycles left out', { native: { note: 'none' } }, /^native\.cycles: .* got undefined$/],
    ['null for a figure', { native: null }, /^native: expected cycles, .* got null$/],
    ['an unknown basis', { native: { cycles: 1, basis: 'guessed' } }, /^native\.basis: expected one of measured, /],
    ['an empty note', { native: { cycles: 1, note: ' ' } }, /^native\.note: expected a text that is not empty/],
    ['an odd year', { year: 5 }, /^year: expected a year, a whole number from 1970 to 2100, got 5$/],
    ['no clock', { megahertz: 0 }, /^megahertz: expected a clock/],
    ['a name that is none', { name: 7 }, /^name: expected a text that is not empty, got 7$/],
  ];
  for (const [name, definition, message] of BAD) {
    it(`is refused with the place of ${name}`, () => {
      assert.throws(
        () => customCostProfile(definition, 'x'),
        (error) => error instanceof CostProfileError && message.test(error.message),
      );
    });
  }

  it('is what exits are charged by', () => {
    const nothing = { transition: 0, decode: 0, device: 0, return: 0 };
    const costProfile = customCostProfile({ trap: { port: { ...nothing, decode: 5 }, string: nothing } }, 'x');
    const guest = new TestGuest({ mode: 'trap', costProfile });
    guest.enter('flat32');
    // IN AL,DX; REP OUTSB
    guest.load([0xec, 0xf3, 0x6e]);
    guest.setRegisters({ EDX: 0x44, ECX: 3, ESI: 0x200 });
    guest.run(4);
    assert.equal(guest.clock.now, 4 + 5);
    assert.deepEqual(
      guest.hypervisor.log.records(0, 9).map(({ repeat, cost }) => [repeat, cost.decode]),
      [
        [1, 5],
        [3, 0],
      ],
    );
  });
});
