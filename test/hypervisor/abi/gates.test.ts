import assert from 'node:assert/strict';
import { HYPERCALL_ABIS } from '../../../src/hypervisor/abi/names';
import { VMI_ROM_ADDRESS } from '../../../src/hypervisor/abi/vmi/rom';
import { PortVerdict } from '../../../src/machine/bus/port-access';
import { Register } from '../../../src/machine/layout';
import { RunEnd } from '../../../src/machine/run';
import { TestGuest } from '../support';
import { CONVENTIONS, initialiseLguest, make, offered, PORT } from './support';

/** Makes a near call to an address and runs what is behind it up to a HLT at the return address. */
function callRom(guest: TestGuest, address: number): void {
  guest.load([0xe8, ...[0, 8, 16, 24].map((shift) => ((address - 0x1005) >>> shift) & 0xff), 0xf4]);
  guest.run(3);
}

describe('the gates of the hypervisor', () => {
  it('VMI and VMware stand side by side', () => {
    const guest = new TestGuest({ mode: 'vmi', abis: ['vmware'], vmi: { privilege: 0 } });
    guest.enter('flat32');
    guest.memory.poke(0x30800, new Uint8Array(64));
    callRom(guest, VMI_ROM_ADDRESS + 0x80);
    assert.equal(guest.state.reg(Register.EAX), 0, 'VMI_Init');
    make(guest, CONVENTIONS.vmware, CONVENTIONS.vmware.port(CONVENTIONS.vmware.firstPortCall + 3, 0x41));
    assert.deepEqual(guest.hypervisor.abis, ['vmi', 'vmware']);
    const made = guest.hypervisor.hypercallStatistics()?.filter(({ count }) => count > 0);
    assert.deepEqual(
      made?.map(({ abi, call }) => `${abi.name}:${call.name}`),
      ['vmi:VMI_Init', 'vmware:OUTB'],
    );
    assert.deepEqual(
      guest.hypervisor.log.records(0, 9).map(({ abi, reason }) => `${abi} ${reason}`),
      ['vmi VMCALL', 'vmware IO'],
    );
  });

  it('KVM, lguest and VMware stand side by side', () => {
    const { kvm, lguest, vmware } = CONVENTIONS;
    const guest = offered(kvm, { mode: 'trap', abis: ['kvm', 'lguest', 'vmware'] });
    initialiseLguest(guest);
    for (const convention of [kvm, lguest, vmware]) {
      make(guest, convention, convention.port(convention.firstPortCall + 3, 0x40));
    }
    assert.deepEqual(
      guest.recorder.accesses.map(({ value }) => value),
      [0x40, 0x40, 0x40],
    );
    const records = guest.hypervisor.log.records(1, 9);
    assert.deepEqual(
      records.map(({ abi, reason }) => `${abi} ${reason}`),
      ['kvm VMCALL', 'lguest INT', 'vmware IO'],
    );
    const [undefinedOpcode, interrupt, port] = records.map(({ cost }) => cost);
    assert.equal(interrupt.decode, 0, 'a software interrupt says what it wants');
    assert.ok(undefinedOpcode.decode > 0);
    assert.deepEqual({ ...port, decode: 0 }, interrupt, 'and leaves the guest as any fault does');
  });

  it('show a watched call before and after, and let it be made again after a stop', () => {
    for (const convention of Object.values(CONVENTIONS)) {
      const guest = offered(convention);
      if (convention.abi === 'lguest') initialiseLguest(guest);
      const abi = HYPERCALL_ABIS.find(({ name }) => name === convention.abi);
      const outb = abi?.calls.find(({ name }) => name === 'OUTB');
      assert.ok(outb);
      const seen: string[] = [];
      let stops = 1;
      guest.hypervisor.watchHypercalls([outb]);
      guest.hypervisor.onHypercall = {
        before: (call) => {
          seen.push(`before ${call.abi}:${call.name} ${call.argument('port')} ${call.argument('value')}`);
          return stops-- > 0 ? PortVerdict.Stop : PortVerdict.Continue;
        },
        after: (call) => {
          seen.push(`after ${call.results.join()}`);
          return PortVerdict.Continue;
        },
      };
      const now = guest.clock.now;
      make(guest, convention, convention.port(outb.number, 0x41));
      assert.equal(guest.recorder.accesses.length, 0, 'nothing has happened');
      assert.equal(guest.clock.now, now, 'and no time has passed');
      guest.run(1);
      assert.equal(guest.recorder.accesses.length, 1);
      const before = `before ${convention.abi}:OUTB ${PORT} ${0x41}`;
      assert.deepEqual(seen, [before, before, 'after 0']);
      const row = guest.hypervisor.hypercallStatistics()?.find(({ call }) => call === outb);
      assert.deepEqual([row?.count, row?.last], [1, `port=0x44 value=0x41 'A' → status=0`]);
    }
  });

  it('are not there for an ABI that the mode cannot offer', () => {
    for (const [mode, abi] of [
      ['none', 'kvm'],
      ['vmi', 'kvm'],
      ['vtx', 'lguest'],
      ['vmi', 'lguest'],
      ['none', 'vmware'],
      ['trap', 'vmi'],
    ] as const) {
      assert.throws(
        () => new TestGuest({ mode, abis: [abi] }),
        /cannot offer|there is no hypercall ABI/,
        `${mode} ${abi}`,
      );
    }
  });

  it('leave a guest without hypercalls alone', () => {
    const guest = new TestGuest({ mode: 'trap' });
    assert.equal(guest.hypervisor.hypercallStatistics(), undefined);
    assert.deepEqual(guest.hypervisor.abis, []);
    const { monitorCall, softwareInterrupts, backdoor, cpuid, readMsr, writeMsr } = guest.hypervisor;
    const hooks = [monitorCall, softwareInterrupts, backdoor, cpuid, readMsr, writeMsr];
    assert.deepEqual(hooks, new Array(6).fill(undefined), 'what is not used is not asked');
  });

  it('a call in a loop is a call each time', () => {
    // MOV ECX, 3000; MOV EAX, 5; VMCALL; LOOP
    const guest = offered(CONVENTIONS.kvm, { mode: 'vtx' });
    guest.load([0xb9, 0xb8, 0x0b, 0, 0, 0xb8, 5, 0, 0, 0, 0x0f, 0x01, 0xc1, 0xe2, 0xf6, 0xf4]);
    assert.equal(guest.run(20_000), RunEnd.Dead);
    const row = guest.hypervisor.hypercallStatistics()?.find(({ call }) => call.name === 'KICK_CPU');
    assert.equal(row?.count, 3000);
  });
});
