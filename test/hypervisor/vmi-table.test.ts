import assert from 'node:assert/strict';
import { allCalls, findCall } from '../../src/hypervisor/abi/hypercall';
import { completeHypercalls, resolveHypercalls } from '../../src/hypervisor/abi/names';
import { describeCall, signatureOf } from '../../src/hypervisor/abi/values';
import { VMI_ABI } from '../../src/hypervisor/abi/vmi/abi';
import { renderVmiHeader } from '../../src/hypervisor/abi/vmi/header';

/** The names of vmi.h with the numbers 49-60 of the I/O patch; 72 has none. */
const NAMES =
  'CPUID WRMSR RDMSR SetGDT SetLDT SetIDT SetTR GetGDT GetLDT GetIDT GetTR WriteGDTEntry WriteLDTEntry WriteIDTEntry ' +
  'UpdateKernelStack SetCR0 SetCR2 SetCR3 SetCR4 GetCR0 GetCR2 GetCR3 GetCR4 WBINVD SetDR GetDR RDPMC RDTSC CLTS ' +
  'EnableInterrupts DisableInterrupts GetInterruptMask SetInterruptMask IRET SYSEXIT Halt Reboot Shutdown SetPxE ' +
  'SetPxELong UpdatePxE UpdatePxELong MachineToPhysical PhysicalToMachine AllocatePage ReleasePage InvalPage FlushTLB ' +
  'SetLinearMapping INL INB INW INSL INSB INSW OUTL OUTB OUTW OUTSL OUTSB OUTSW SetIOPLMask SetInitialAPState ' +
  'APICWrite APICRead IODelay GetCycleFrequency GetCycleCounter SetAlarm CancelAlarm GetWallclockTime ' +
  'WallclockUpdated Reserved72 SetLazyMode';

describe('the table of VMI calls', () => {
  it('has all calls of API 3.0 at their numbers', () => {
    assert.deepEqual(
      VMI_ABI.calls.map((call) => call.name),
      NAMES.split(' '),
    );
    VMI_ABI.calls.forEach((call, index) => assert.equal(call.number, index));
  });

  it('documents every call and uses no name twice', () => {
    const calls = allCalls(VMI_ABI);
    for (const call of calls) assert.match(call.doc, /^[A-Z0-9].*\.$/, call.name);
    assert.equal(new Set(calls.map((call) => call.name.toLowerCase())).size, calls.length);
  });

  it('gives the I/O calls the registers of the patch', () => {
    const shape = (name: string): string => signatureOf(findCall(VMI_ABI, name) ?? assert.fail(name));
    assert.equal(shape('INB'), 'INB(port: DX) → value: AL');
    assert.equal(shape('INW'), 'INW(port: DX) → value: AX');
    assert.equal(shape('INL'), 'INL(port: DX) → value: EAX');
    assert.equal(shape('OUTB'), 'OUTB(port: DX, value: AL)');
    assert.equal(shape('OUTL'), 'OUTL(port: DX, value: EAX)');
    assert.equal(shape('INSW'), 'INSW(port: DX, address: EDI, count: ECX) → address: EDI, count: ECX');
    assert.equal(shape('OUTSL'), 'OUTSL(port: DX, address: ESI, count: ECX) → address: ESI, count: ECX');
    for (let number = 49; number <= 60; number++) assert.equal(VMI_ABI.calls[number].clobbers, 'none');
  });

  it('puts arguments into words', () => {
    const outb = VMI_ABI.calls[56];
    assert.equal(describeCall(outb, [0x3f8, 0x41]), "port=0x3f8 value=0x41 'A'");
    assert.equal(describeCall(outb, [0x3f8, 0x0a], []), 'port=0x3f8 value=0xa');
    assert.equal(describeCall(VMI_ABI.calls[50], [0x3fd], [0x60]), "port=0x3fd → value=0x60 '`'");
    assert.equal(
      describeCall(VMI_ABI.calls[54], [0x1f0, 0xc0101000, 256], [0xc0101200, 0]),
      'port=0x1f0 address=0xc0101000 count=256 → address=0xc0101200 count=0',
    );
    assert.equal(describeCall(VMI_ABI.calls[27], [], [0x1234]), '→ result=0x1234');
  });

  it('resolves the names of breakpoint specs', () => {
    const names = (spec: string): string[] =>
      resolveHypercalls(spec).map(({ abi, call }) => `${abi.name}:${call.name}`);
    assert.deepEqual(names('UpdatePxE'), ['vmi:UpdatePxE']);
    assert.deepEqual(names('updatepxe'), ['vmi:UpdatePxE']);
    assert.deepEqual(names('vmi:56'), ['vmi:OUTB']);
    assert.deepEqual(names('vmi:0x38'), ['vmi:OUTB']);
    assert.deepEqual(names('VMI:OUTB'), ['vmi:OUTB']);
    assert.deepEqual(names('vmi:vmi_init'), ['vmi:VMI_Init']);
    assert.equal(names('vmi:*').length, 76);
    assert.throws(() => names('OUTX'), /no hypercall 'OUTX' in VMI 3.0, /);
    assert.throws(() => names('vmi:74'), /no hypercall '74'/);
    assert.throws(() => names('xen:OUTB'), /no hypercall ABI 'xen': use one of vmi/);
  });

  it('completes names', () => {
    assert.deepEqual(
      completeHypercalls('outs').map(({ label }) => label),
      ['OUTSL', 'OUTSB', 'OUTSW'], // once each, although other ABIs have them too
    );
    assert.ok(completeHypercalls('vmi:outb').some(({ label }) => label === 'vmi:OUTB'));
    assert.deepEqual(completeHypercalls('nothing'), []);
  });
});

describe('the C header of VMI', () => {
  const header = renderVmiHeader();

  it('defines every call, and the answers of GetRelocationInfo', () => {
    NAMES.split(' ').forEach((name, number) =>
      assert.match(header, new RegExp(`^#define VMI_CALL_${name} +${number}$`, 'm')),
    );
    for (const [number, name] of ['NONE', 'CALL_REL', 'JUMP_REL', 'NOP'].entries()) {
      assert.match(header, new RegExp(`^#define VMI_RELOCATION_${name} +${number}$`, 'm'));
    }
  });

  it('hides its structures from the assembler and checks their sizes', () => {
    const [preprocessor, rest] = header.split('#ifndef __ASSEMBLER__');
    assert.doesNotMatch(preprocessor, /struct|typedef/);
    assert.match(rest, /_Static_assert\(sizeof\(struct vrom_header\) == 0x90/);
    assert.match(rest, /_Static_assert\(sizeof\(struct pnp_header\) == 0x12/);
  });
});
