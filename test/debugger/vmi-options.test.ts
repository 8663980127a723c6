import assert from 'node:assert/strict';
import { launchConfiguration } from '../../debugAdapter/launch/configuration';
import { vmiOptions } from '../../src/debugger/launch/hypervisor-options';
import { LaunchError } from '../../src/debugger/types';
import { DEFAULT_VMI_OPTIONS, type VmiOptions } from '../../src/hypervisor/vmi/options';

function options(vmi: object | undefined): VmiOptions {
  const hypervisor = vmi === undefined ? undefined : { vmi };
  return vmiOptions(launchConfiguration({ program: 'guest.elf', hypervisor }, { com1: 'none' }));
}

function refused(vmi: object, message: RegExp): void {
  assert.throws(
    () => options(vmi),
    (error) => error instanceof LaunchError && message.test(error.message),
    JSON.stringify(vmi),
  );
}

describe('hypervisor.vmi', () => {
  it('has the defaults of the hypervisor', () => {
    assert.deepEqual(options(undefined), DEFAULT_VMI_OPTIONS);
    assert.deepEqual(options({}), DEFAULT_VMI_OPTIONS);
    assert.deepEqual([DEFAULT_VMI_OPTIONS.privilege, DEFAULT_VMI_OPTIONS.virtualTop], [1, 0]);
  });

  it('takes level, hole and answers', () => {
    const given = options({ privilege: 0, virtualTop: '0xfc000000', answers: { OUTB: 'none', IRET: 'call' } });
    assert.deepEqual(given, {
      ...DEFAULT_VMI_OPTIONS,
      privilege: 0,
      virtualTop: 0xfc000000,
      answers: { OUTB: 'none', IRET: 'call' },
    });
    assert.equal(options({ virtualTop: 0 }).virtualTop, 0);
  });

  it('refuses what makes no sense, by name', () => {
    refused({ privilege: 2 }, /vmi\.privilege: expected 0 or 1, got 2/);
    refused({ virtualTop: 0xfc000001 }, /vmi\.virtualTop: .*multiple of 0x1000.*got 0xfc000001/);
    refused({ virtualTop: 0x100000 }, /vmi\.virtualTop: .*from 0x80000000 up/);
    refused({ answers: { SetPxe: 'none' } }, /vmi\.answers: there is no VMI call "SetPxe"\. Did you mean "SetPxE"\?/);
    refused({ answers: { OUTB: 'maybe' } }, /vmi\.answers\.OUTB: expected one of call, jump, nop, none/);
    refused({ answers: { MachineToPhysical: 'call' } }, /nothing behind MachineToPhysical .*use nop or none/);
    refused({ privileges: 1 }, /vmi\.privileges: there is no such attribute.*privilege/);
  });
});
