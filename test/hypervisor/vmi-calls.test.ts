import assert from 'node:assert/strict';
import { VMI_ABI, VMI_GET_RELOCATION_INFO, VmiRelocation } from '../../src/hypervisor/abi/vmi/abi';
import { stubOffset, VMI_ROM_ADDRESS } from '../../src/hypervisor/abi/vmi/rom';
import type { HypervisorOptions } from '../../src/hypervisor/hypervisor';
import type { HypercallEvent } from '../../src/hypervisor/hypercall-dispatcher';
import { PortVerdict } from '../../src/machine/bus/port-access';
import * as layout from '../../src/machine/layout';
import { Register, SegmentIndex } from '../../src/machine/layout';
import { RunEnd } from '../../src/machine/run';
import { TestGuest } from './support';

const INIT = VMI_ROM_ADDRESS + 0x80;
const GET_RELOC = VMI_ROM_ADDRESS + 0x88;
const PORT = 0x44;
const BUFFER = 0x200;
const RETURN_TO = 0x1234;
/** Every arithmetic flag. */
const FLAGS = 0x8d5;

/** A kernel in flat 32-bit mode, with data segments at bases of their own. */
function kernel(options: Partial<HypervisorOptions> = {}): TestGuest {
  // The guest has no descriptor tables: it stays at level 0. Deprivileged guests are in test/hypervisor/vmi.
  const guest = new TestGuest({ mode: 'vmi', vmi: { privilege: 0 }, ...options });
  guest.enter('flat32');
  guest.memory.poke(RETURN_TO, Uint8Array.of(0xf4));
  return guest;
}

/** Makes a near call to an address and runs the VMCALL and the RET behind it. */
function call(guest: TestGuest, address: number, instructions = 2): RunEnd {
  const { state } = guest;
  const esp = state.reg(Register.ESP) - 4;
  guest.memory.poke(state.segmentBase(SegmentIndex.SS) + esp, Uint8Array.of(RETURN_TO & 0xff, RETURN_TO >>> 8, 0, 0));
  state.setReg(Register.ESP, esp);
  guest.jump(address);
  return guest.run(instructions);
}

function relocation(guest: TestGuest, number: number): { eip: number; type: number } {
  guest.state.setReg(Register.EAX, number);
  call(guest, GET_RELOC);
  return { eip: guest.state.reg(Register.EAX), type: guest.state.reg(Register.EDX) };
}

function activated(options: Partial<HypervisorOptions> = {}): TestGuest {
  const guest = kernel(options);
  call(guest, INIT);
  assert.equal(guest.state.reg(Register.EAX), 0);
  return guest;
}

/** Address of a call's stub as the guest is told. */
function stub(guest: TestGuest, number: number): number {
  const { eip, type } = relocation(guest, number);
  assert.equal(type, VmiRelocation.CALL_REL);
  return eip;
}

/** Calls a stub with all registers set and tells which ones changed. */
function changes(guest: TestGuest, address: number, instructions = 2): Record<string, number> {
  guest.setRegisters({ EAX: 0xa1b2c3d4, ECX: 2, EDX: 0x12340000 | PORT, EBX: 0xbbbbbbbb });
  guest.setRegisters({ EBP: 0xcccccccc, ESI: BUFFER, EDI: BUFFER });
  guest.state.eflags = guest.state.eflags | FLAGS;
  const before = guest.registers();
  const flags = guest.state.eflags;
  call(guest, address, instructions);
  assert.equal(guest.state.eip, RETURN_TO);
  assert.equal(guest.state.eflags, flags, 'flags are preserved');
  const changed: Record<string, number> = {};
  guest.registers().forEach((value, i) => {
    if (value !== before[i]) changed[Register[i]] = value;
  });
  return changed;
}

/** Answers other than CALL_REL, by number: the returns, the delay, and calls that nobody knows a use of. */
const EXCEPTIONS: Readonly<Partial<Record<number, VmiRelocation>>> = {
  33: VmiRelocation.JUMP_REL,
  34: VmiRelocation.JUMP_REL,
  42: VmiRelocation.NONE,
  43: VmiRelocation.NONE,
  65: VmiRelocation.NOP,
  72: VmiRelocation.NONE,
};

describe('VMI', () => {
  describe('GetRelocationInfo', () => {
    it('answers every call of the table with what is implemented', () => {
      const guest = activated();
      for (const { number, name } of VMI_ABI.calls) {
        const expected = EXCEPTIONS[number] ?? VmiRelocation.CALL_REL;
        const { eip, type } = relocation(guest, number);
        assert.equal(type, expected, name);
        const where = expected === VmiRelocation.NONE ? 0 : VMI_ROM_ADDRESS + stubOffset(number);
        assert.equal(eip, where, name);
      }
    });

    it('answers addresses where the guest sees the ROM, whatever the mapping', () => {
      const guest = activated();
      mapHigh(guest);
      const high = 0xc0000000 + VMI_ROM_ADDRESS;
      guest.state.setReg(Register.EAX, 56);
      call(guest, high + 0x88);
      assert.equal(guest.state.reg(Register.EAX), high + stubOffset(56));
      assert.deepEqual(changes(guest, guest.state.reg(Register.EAX)), {});
      assert.equal(guest.recorder.accesses.length, 1);
    });

    it('answers NONE to numbers that there are not, and says so once', () => {
      const guest = activated();
      for (const junk of [74, 0x7fffffff, 0x80000000, 0xffffffff]) {
        assert.deepEqual(relocation(guest, junk), { eip: 0, type: VmiRelocation.NONE });
      }
      assert.equal(guest.reports.length, 1);
      assert.match(guest.reports[0], /VMI call 0x4a/);
    });

    it('answers NONE to everything before VMI_Init', () => {
      const guest = kernel();
      assert.deepEqual(relocation(guest, 56), { eip: 0, type: VmiRelocation.NONE });
      assert.match(guest.reports[0], /before VMI_Init/);
    });

    it('withholds the I/O calls, and only them, with disableIoOps', () => {
      const guest = activated({ disableIoOps: true });
      for (let number = 49; number <= 60; number++) assert.equal(relocation(guest, number).type, VmiRelocation.NONE);
      assert.equal(relocation(guest, 33).type, VmiRelocation.JUMP_REL);
      assert.equal(relocation(guest, 65).type, VmiRelocation.NOP);
    });

    it('is counted like any call', () => {
      const guest = activated();
      relocation(guest, 56);
      const info = guest.hypervisor.hypercallStatistics()?.find(({ call }) => call === VMI_GET_RELOCATION_INFO);
      assert.equal(info?.count, 1);
      assert.equal(info?.last, `call=56 → eip=0x000c82c0 type=1`);
    });
  });

  describe('the I/O calls', () => {
    it('read a port into AL, AX or EAX and change nothing else', () => {
      for (const [number, eax] of [
        [50, 0xa1b2c384],
        [51, 0xa1b28384],
        [49, 0x81828384],
      ]) {
        const guest = activated();
        assert.deepEqual(changes(guest, stub(guest, number)), { EAX: eax });
      }
    });

    it('write AL, AX or EAX to DX and change nothing at all', () => {
      for (const [number, width, value] of [
        [56, 1, 0xd4],
        [57, 2, 0xc3d4],
        [55, 4, 0xa1b2c3d4],
      ]) {
        const guest = activated();
        assert.deepEqual(changes(guest, stub(guest, number)), {});
        assert.deepEqual(guest.recorder.accesses, [{ port: PORT, direction: 'out', width, value }]);
      }
    });

    it('move strings like REP INS, to ES:EDI', () => {
      for (const [number, width] of [
        [53, 1],
        [54, 2],
        [52, 4],
      ]) {
        const guest = activated();
        const address = stub(guest, number);
        assert.deepEqual(changes(guest, address, 3), { EDI: BUFFER + 2 * width, ECX: 0 });
        const bytes = [0x84, 0x83, 0x82, 0x81].slice(0, width);
        const next = [0x85, 0x84, 0x83, 0x82].slice(0, width);
        const es = guest.state.segmentBase(SegmentIndex.ES);
        assert.deepEqual([...guest.memory.peek(es + BUFFER, 2 * width)], [...bytes, ...next]);
      }
    });

    it('move strings like REP OUTS, from DS:ESI', () => {
      for (const [number, width] of [
        [59, 1],
        [60, 2],
        [58, 4],
      ]) {
        const guest = activated();
        const ds = guest.state.segmentBase(SegmentIndex.DS);
        guest.memory.poke(ds + BUFFER, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
        assert.deepEqual(changes(guest, stub(guest, number), 3), { ESI: BUFFER + 2 * width, ECX: 0 });
        const values = { 1: [1, 2], 2: [0x0201, 0x0403], 4: [0x04030201, 0x08070605] }[width];
        assert.deepEqual(
          guest.recorder.accesses.map(({ value }) => value),
          values,
        );
      }
    });

    it('honour the direction flag', () => {
      const guest = activated();
      const address = stub(guest, 60);
      guest.state.eflags |= 0x400;
      assert.deepEqual(changes(guest, address, 3), { ESI: BUFFER - 4, ECX: 0 });
    });

    it('do nothing for a count of zero, which is an exit all the same', () => {
      const guest = activated();
      const address = stub(guest, 54);
      guest.setRegisters({ ECX: 0, EDI: BUFFER, EDX: PORT });
      const from = guest.hypervisor.log.nextSequence;
      call(guest, address);
      assert.equal(guest.state.eip, RETURN_TO);
      assert.equal(guest.recorder.accesses.length, 0);
      const [record] = guest.hypervisor.log.records(from, 1);
      assert.deepEqual([record.hypercall, record.repeat, record.cost.device], ['INSW', 0, 0]);
    });

    it('leave the interrupt flag as it is', () => {
      const guest = activated();
      const address = stub(guest, 56);
      guest.state.eflags |= layout.FLAG_IF;
      changes(guest, address);
      assert.ok(guest.state.systemFlag(layout.FLAG_IF));
    });

    it('restart at the VMCALL after a page fault, with the registers telling the progress', () => {
      const guest = activated();
      const address = stub(guest, 54);
      mapHigh(guest);
      guest.memory.poke(
        PAGE_TABLE + 4 * ((guest.state.segmentBase(SegmentIndex.ES) + 0x1000) >>> 12),
        Uint8Array.of(0),
      );
      guest.cpu.mmu.flush();
      guest.setRegisters({ ECX: 4, EDI: 0xffc, EDX: PORT });
      const from = guest.hypervisor.log.nextSequence;
      let faults = 0;
      guest.cpu.hooks.exception = (vector) => {
        faults++;
        return vector === 14;
      };
      assert.equal(call(guest, address, 10), RunEnd.Stop);
      assert.equal(faults, 1);
      assert.equal(guest.state.eip, address, 'at the VMCALL');
      assert.deepEqual([guest.state.reg(Register.ECX), guest.state.reg(Register.EDI)], [2, 0x1000]);
      assert.equal(guest.recorder.accesses.length, 2, 'the device gave no datum that was lost');
      const records = guest.hypervisor.log.records(from, 9);
      assert.deepEqual(
        records.map((record) => record.repeat),
        [2],
      );
    });

    it('are exits of channel hypercall with no bytes decoded', () => {
      const guest = activated();
      const address = stub(guest, 56);
      const from = guest.hypervisor.log.nextSequence;
      changes(guest, address);
      const [record] = guest.hypervisor.log.records(from, 1);
      assert.deepEqual(
        [record.reason, record.channel, record.hypercall, record.port, record.direction, record.value, record.linear],
        ['VMCALL', 'hypercall', 'OUTB', PORT, 'out', 0xd4, address],
      );
      assert.deepEqual([record.bytes.length, record.cost.decode], [0, 0]);
      const outb = guest.hypervisor.hypercallStatistics()?.find(({ call }) => call.number === 56);
      assert.deepEqual([outb?.count, outb?.last, outb?.lastSite], [1, 'port=0x44 value=0xd4', address]);
    });
  });

  describe('breakpoints', () => {
    function watched(guest: TestGuest, verdicts: { before?: PortVerdict; after?: PortVerdict }): string[] {
      const seen: string[] = [];
      guest.hypervisor.watchHypercalls([VMI_ABI.calls[56], VMI_ABI.calls[60]]);
      guest.hypervisor.onHypercall = {
        before(event: HypercallEvent) {
          seen.push(`before ${event.name} port=${event.argument('port')} count=${event.argument('count')}`);
          return verdicts.before ?? PortVerdict.Continue;
        },
        after(event: HypercallEvent) {
          seen.push(`after ${event.name} ${event.results.join(' ')}`);
          return verdicts.after ?? PortVerdict.Continue;
        },
      };
      return seen;
    }

    it('are asked for watched calls only, before and after', () => {
      const guest = activated();
      const seen = watched(guest, {});
      changes(guest, stub(guest, 56));
      changes(guest, stub(guest, 57));
      assert.deepEqual(seen, [`before OUTB port=${PORT} count=undefined`, 'after OUTB ']);
    });

    it('stop before the call: nothing has happened, and it is made when the guest goes on', () => {
      const guest = activated();
      const address = stub(guest, 56);
      const verdicts = { before: PortVerdict.Stop };
      const seen = watched(guest, verdicts);
      guest.setRegisters({ EAX: 0x41, EDX: PORT });
      const time = guest.clock.now;
      assert.equal(call(guest, address), RunEnd.Abort);
      assert.equal(guest.state.eip, address);
      assert.equal(guest.clock.now, time);
      assert.equal(guest.recorder.accesses.length, 0);
      verdicts.before = PortVerdict.Continue;
      guest.run(2);
      assert.equal(guest.state.eip, RETURN_TO);
      assert.equal(guest.recorder.accesses.length, 1);
      assert.equal(seen.length, 3);
    });

    it('stop after the call with its results', () => {
      const guest = activated();
      const seen = watched(guest, { after: PortVerdict.Stop });
      const address = stub(guest, 60);
      guest.setRegisters({ ECX: 3, ESI: BUFFER, EDX: PORT });
      assert.equal(call(guest, address, 10), RunEnd.Stop);
      assert.equal(guest.state.eip, address + 3, 'behind the VMCALL');
      assert.deepEqual(seen, [`before OUTSW port=${PORT} count=3`, `after OUTSW ${BUFFER + 6} 0`]);
    });

    it('are asked once for a call that is done in several passes', () => {
      const guest = activated();
      const seen = watched(guest, {});
      const address = stub(guest, 60);
      guest.setRegisters({ ECX: 5, ESI: BUFFER, EDX: PORT });
      call(guest, address, 2);
      assert.equal(guest.state.reg(Register.ECX), 3);
      guest.run(1);
      guest.run(2);
      assert.deepEqual(seen, [`before OUTSW port=${PORT} count=5`, `after OUTSW ${BUFFER + 10} 0`]);
    });

    it('are not asked again when a port breakpoint stopped inside the call', () => {
      const guest = activated();
      const seen = watched(guest, {});
      const address = stub(guest, 56);
      let stop = true;
      guest.bus.watch[PORT] = 1;
      guest.bus.observer = {
        before: (access) => (access.hypercall === 'OUTB' && stop ? PortVerdict.Stop : PortVerdict.Continue),
        after: () => PortVerdict.Continue,
      };
      guest.setRegisters({ EAX: 0x41, EDX: PORT });
      assert.equal(call(guest, address), RunEnd.Abort);
      stop = false;
      guest.run(2);
      assert.deepEqual(seen, [`before OUTB port=${PORT} count=undefined`, 'after OUTB ']);
    });
  });

  describe('a hostile guest', () => {
    /** Runs a call and tells which exception it raised; there is no IDT, so the guest dies of it. */
    function fault(guest: TestGuest, address: number): number | undefined {
      let raised: number | undefined;
      guest.cpu.hooks.exception = (vector) => {
        raised ??= vector;
        return false;
      };
      call(guest, address);
      return raised;
    }

    it('gets #UD for a call before VMI_Init', () => {
      const guest = kernel();
      assert.equal(fault(guest, VMI_ROM_ADDRESS + stubOffset(56)), 6);
      assert.equal(guest.recorder.accesses.length, 0);
      assert.match(guest.reports[0], /OUTB before VMI_Init/);
    });

    it('gets #GP for a call from user mode, where it would get around IOPL', () => {
      const guest = activated();
      const address = stub(guest, 56);
      guest.cpu.segmentation.setCpl(3);
      assert.equal(fault(guest, address), 13);
      assert.equal(fault(guest, address), 13);
      assert.equal(guest.recorder.accesses.length, 0);
      assert.equal(guest.reports.filter((report) => report.includes('user mode')).length, 1);
    });

    it('gets #UD for a call that is not served, or withheld', () => {
      const guest = activated({ disableIoOps: true });
      assert.equal(fault(guest, VMI_ROM_ADDRESS + stubOffset(42)), 6);
      assert.equal(fault(guest, VMI_ROM_ADDRESS + stubOffset(56)), 6);
      assert.match(guest.reports.join('\n'), /MachineToPhysical is not served[^]*OUTB is not served/);
    });

    it('gets #UD for a call in real mode, in V86 mode and from 16-bit code', () => {
      for (const kind of ['real', 'v86', 'flat16'] as const) {
        const guest = activated();
        guest.enter(kind, 0xc8000);
        let raised: number | undefined;
        guest.cpu.hooks.exception = (vector) => {
          raised = vector;
          return true;
        };
        guest.jump(stubOffset(56));
        guest.run(1);
        assert.equal(raised, 6, kind);
      }
    });

    it('gets #UD for a VMCALL of its own, or in a copy of the ROM', () => {
      const guest = activated();
      guest.memory.poke(0x100000, guest.memory.peek(VMI_ROM_ADDRESS, 2048));
      assert.equal(fault(guest, 0x100000 + stubOffset(56)), 6);
      guest.memory.poke(0x2000, Uint8Array.of(0x0f, 0x01, 0xc1));
      assert.equal(fault(guest, 0x2000), 6);
    });

    it('runs into a trap or a fault when it jumps into the middle of the ROM', () => {
      const guest = activated();
      const { accesses } = guest.recorder;
      for (let offset = 0; offset < 2048; offset++) {
        if (offset === 0x80 || offset === 0x88 || (offset - 0x100) % 8 === 0) continue;
        fault(guest, VMI_ROM_ADDRESS + offset);
        guest.enter('flat32');
      }
      assert.equal(accesses.filter(({ port }) => port === PORT).length, 0);
    });

    it('cannot overwrite the ROM', () => {
      const guest = activated();
      const before = [...guest.memory.peek(VMI_ROM_ADDRESS, 2048)];
      for (let i = 0; i < 2048; i++) guest.cpu.mmu.slowWrite(VMI_ROM_ADDRESS + i, 1, 0x90);
      assert.deepEqual([...guest.memory.peek(VMI_ROM_ADDRESS, 2048)], before);
    });

    it('finds no ROM in the other modes', () => {
      for (const mode of ['none', 'trap', 'vtx'] as const) {
        const guest = new TestGuest({ mode });
        assert.equal(guest.memory.peek(VMI_ROM_ADDRESS, 1)[0], 0xff);
        assert.equal(guest.hypervisor.hypercallStatistics(), undefined);
      }
    });
  });

  it('forgets VMI_Init at power on, and keeps it in a snapshot', () => {
    const guest = activated();
    const saved = guest.hypervisor.save();
    guest.hypervisor.reset();
    assert.equal(relocation(guest, 56).type, VmiRelocation.NONE);
    guest.hypervisor.load(saved);
    assert.equal(relocation(guest, 56).type, VmiRelocation.CALL_REL);
    assert.throws(() => new TestGuest({ mode: 'trap' }).hypervisor.load(saved), /does not fit mode trap/);
  });
});

const PAGE_DIRECTORY = 0x80000;
const PAGE_TABLE = 0x81000;

/** Paging: 4 MiB one to one, and again at C0000000, as a kernel has it. */
function mapHigh(guest: TestGuest): void {
  const entry = (at: number, value: number): void => guest.memory.write(at, 4, value >>> 0);
  for (let page = 0; page < 1024; page++) entry(PAGE_TABLE + 4 * page, (page << 12) | 3);
  for (let i = 0; i < 1024; i++) entry(PAGE_DIRECTORY + 4 * i, 0);
  entry(PAGE_DIRECTORY, PAGE_TABLE | 3);
  entry(PAGE_DIRECTORY + 4 * 0x300, PAGE_TABLE | 3);
  guest.state.setCr(3, PAGE_DIRECTORY);
  guest.state.setCr(0, 0x80000001);
  guest.cpu.mmu.flush();
}
