import assert from 'node:assert/strict';
import {
  CALL_KINDS,
  type CostFigure,
  type CostProfile,
  cyclesOf,
  EXIT_KINDS,
  type PartFigures,
  SOURCES,
} from '../../../src/hypervisor/cost/cost-profile';
import { COST_PROFILES, DEFAULT_COST_PROFILE, findCostProfile } from '../../../src/hypervisor/cost/profiles';

function sum(figures: PartFigures): number {
  const { transition, decode, device, return: back } = cyclesOf(figures);
  return transition + decode + device + back;
}

function profile(name: string): CostProfile {
  const found = findCostProfile(name);
  assert.ok(found, name);
  return found;
}

function* figuresOf({ trap, vtx, hypercall, vmcall }: CostProfile): Generator<[string, PartFigures]> {
  for (const kind of EXIT_KINDS) {
    yield [`trap.${kind}`, trap[kind]];
    yield [`vtx.${kind}`, vtx[kind]];
  }
  for (const kind of CALL_KINDS) {
    yield [`hypercall.${kind}`, hypercall[kind]];
    yield [`vmcall.${kind}`, vmcall[kind]];
  }
}

/** EXIT-COSTS section 2: exit and resume. */
const ROUND_TRIPS = {
  prescott: 3963,
  merom: 1579,
  penryn: 1266,
  nehalem: 1009,
  westmere: 761,
  'sandy-bridge': 784,
} as const;

describe('cost profiles', () => {
  it('are those of the published processors, oldest first', () => {
    assert.deepEqual(
      COST_PROFILES.map(({ name }) => name),
      ['pentium4-672', ...Object.keys(ROUND_TRIPS)],
    );
    const years = COST_PROFILES.map(({ year }) => year);
    assert.deepEqual(years, [...years].sort());
  });

  it('of the Pentium 4 add up to the published totals', () => {
    const p4 = profile('pentium4-672');
    assert.equal(sum(p4.trap.port), 2030, 'trap and emulate');
    assert.equal(sum(p4.trap.privileged), 2030, 'rdtsc by trap and emulate');
    assert.equal(sum(p4.hypercall.port), 1254, 'callout and emulate');
    assert.equal(sum(p4.vtx.port), 15826, 'in al,0x80 under the hardware VMM');
    assert.equal(p4.native.cycles, 3209);
    assert.equal(p4.vtx.port.transition.cycles + p4.vtx.port.return.cycles - 11647, 3963, 'round trip');
  });

  it('of the others have the published round trips, and what the VMM adds', () => {
    // Ten VMREADs of 178 and of 52 cycles; 52 scaled; 2000 and 3000 cycles for a whole exit.
    const handling = {
      prescott: 1780,
      merom: 520,
      penryn: Math.round((520 * 1266) / 1579),
      nehalem: 2000 - 1009,
      westmere: 2000 - 1009,
      'sandy-bridge': 3000 - 784,
    } as const;
    for (const [name, roundTrip] of Object.entries(ROUND_TRIPS)) {
      const { transition, decode, return: back } = profile(name).vtx.port;
      assert.equal(transition.cycles + back.cycles, roundTrip + handling[name as keyof typeof handling], name);
      assert.equal(decode.cycles, 0, name);
    }
    assert.equal(profile('merom').vtx.port.return.cycles, 937, 'VM entry');
    assert.equal(profile('prescott').vtx.port.return.cycles, 2409, 'VM entry');
  });

  it('scale the software paths of the Pentium 4 by the round trip', () => {
    for (const [name, roundTrip] of Object.entries(ROUND_TRIPS)) {
      const { trap, hypercall } = profile(name);
      const scale = (cycles: number): number => Math.round((cycles * roundTrip) / 3963);
      assert.equal(sum(trap.port), scale(445) + scale(925) + scale(216) + scale(444), name);
      assert.equal(sum(hypercall.port), scale(519) + scale(216) + scale(519), name);
    }
  });

  it('give every figure a basis and a source, or say plainly that it is derived or assumed', () => {
    const tags = Object.keys(SOURCES);
    for (const one of COST_PROFILES) {
      const figures: [string, CostFigure][] = [['native', one.native]];
      for (const [where, parts] of figuresOf(one)) {
        for (const [part, figure] of Object.entries(parts)) figures.push([`${where}.${part}`, figure]);
      }
      assert.equal(figures.length, 1 + 14 * 4);
      for (const [path, { cycles, basis, note }] of figures) {
        const where = `${one.name} ${path}: ${note}`;
        assert.ok(Number.isInteger(cycles) && cycles >= 0, where);
        assert.ok(note.length > 10, where);
        if (basis === 'measured')
          assert.ok(
            tags.some((tag) => note.startsWith(tag)),
            where,
          );
      }
    }
  });

  it('charge a decode where an instruction must be fetched, and nowhere else', () => {
    for (const { name, trap, vtx, hypercall, vmcall } of COST_PROFILES) {
      for (const kind of CALL_KINDS) {
        assert.equal(hypercall[kind].decode.cycles, 0, name);
        assert.equal(vmcall[kind].decode.cycles, 0, name);
      }
      for (const kind of ['port', 'string', 'privileged'] as const) assert.ok(trap[kind].decode.cycles > 0, name);
      assert.equal(trap.interrupt.decode.cycles, 0);
      for (const kind of EXIT_KINDS) assert.equal(vtx[kind].decode.cycles > 0, kind === 'string', `${name} ${kind}`);
    }
  });

  it('have a VMI call cheaper than a trap, and a VMCALL no cheaper than the exit of an IN', () => {
    for (const { name, trap, vtx, hypercall, vmcall } of COST_PROFILES) {
      assert.ok(sum(hypercall.port) < sum(trap.port), name);
      assert.equal(sum(vmcall.port), sum(vtx.port), name);
      assert.ok(sum(vmcall.string) < sum(vtx.string), name);
    }
  });

  it('are found by name', () => {
    assert.equal(profile('Merom').name, 'merom');
    assert.equal(DEFAULT_COST_PROFILE.name, 'pentium4-672');
    assert.equal(findCostProfile('z80'), undefined);
  });
});
