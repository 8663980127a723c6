import assert from 'node:assert/strict';
import { VMI_ABI, VmiRelocation } from '../../../src/hypervisor/abi/vmi/abi';
import { stubOffset, VMI_ROM_ADDRESS } from '../../../src/hypervisor/abi/vmi/rom';
import { VMI_ACTIONS } from '../../../src/hypervisor/vmi/actions';
import type { VmiAnswer } from '../../../src/hypervisor/vmi/options';
import { DeprivilegedGuest } from './deprivileged-guest';

describe('VMI: relocation answers', () => {
  it('derive from what there is', () => {
    const guest = new DeprivilegedGuest();
    const types = VMI_ABI.calls.map(({ name }): VmiRelocation => guest.relocation(name).type);
    const calls = (type: VmiRelocation): string[] =>
      VMI_ABI.calls.filter((_, number) => types[number] === type).map(({ name }) => name);
    assert.deepEqual(calls(VmiRelocation.JUMP_REL), ['IRET', 'SYSEXIT']);
    assert.deepEqual(calls(VmiRelocation.NOP), ['IODelay']);
    assert.deepEqual(calls(VmiRelocation.NONE), ['MachineToPhysical', 'PhysicalToMachine', 'Reserved72']);
    assert.equal(calls(VmiRelocation.CALL_REL).length, 74 - 6);
  });

  it('belong to calls of the table', () => {
    const names = new Set(VMI_ABI.calls.map(({ name }) => name));
    for (const name of Object.keys(VMI_ACTIONS)) assert.ok(names.has(name), name);
  });

  it('are what the session says, and a call that is none is refused', () => {
    const answers: Record<string, VmiAnswer> = { OUTB: 'none', IODelay: 'call', WBINVD: 'nop', CLTS: 'jump' };
    const guest = new DeprivilegedGuest({ vmi: { answers } });
    const place = (number: number): number => VMI_ROM_ADDRESS + stubOffset(number);
    assert.deepEqual(guest.relocation('OUTB'), { eip: 0, type: VmiRelocation.NONE });
    assert.deepEqual(guest.relocation('IODelay'), { eip: place(65), type: VmiRelocation.CALL_REL });
    assert.deepEqual(guest.relocation('WBINVD'), { eip: place(23), type: VmiRelocation.NOP });
    assert.deepEqual(guest.relocation('CLTS'), { eip: place(28), type: VmiRelocation.JUMP_REL });
    guest.call('IODelay');
    assert.ok(guest.returned);
    guest.forget();
    guest.stopAtFaults = true;
    guest.call('OUTB', { EAX: 1, EDX: 0x80 }, [], 1);
    assert.deepEqual(
      guest.faults.map(({ vector }) => vector),
      [6],
    );
    assert.match(guest.reports.join('\n'), /OUTB is not served/);
  });

  it('are told of when Linux does not survive them', () => {
    for (const [name, answer, words] of [
      ['IRET', 'none', /poison/],
      ['SYSEXIT', 'nop', /deletes its way out/],
      ['SetPxE', 'jump', /BUG\(\)/],
      ['CPUID', 'jump', /BUG\(\)/],
      ['WBINVD', 'jump', /keeps its native code/],
    ] as const) {
      const guest = new DeprivilegedGuest({ vmi: { answers: { [name]: answer } } });
      guest.relocation(name);
      guest.relocation(name);
      assert.equal(guest.reports.length, 1, name);
      assert.match(guest.reports[0], words);
    }
    for (const [name, answer] of [
      ['IRET', 'call'],
      ['SYSEXIT', 'call'],
      ['OUTB', 'none'],
      ['CLTS', 'nop'],
    ] as const) {
      const guest = new DeprivilegedGuest({ vmi: { answers: { [name]: answer } } });
      guest.relocation(name);
      assert.deepEqual(guest.reports, [], name);
    }
  });
});
