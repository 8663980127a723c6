import assert from 'node:assert/strict';
import { Register } from '../../../src/machine/layout';
import type { TestGuest } from '../support';
import { changes, CONVENTIONS, faultOf, MAGIC, make, offered } from './support';

const VMWARE = CONVENTIONS.vmware;
const ALL_ONES = 0xffffffff;
const RPCI = 0x49435052;

/** Makes a command with these registers and gives what they are afterwards. */
function command(guest: TestGuest, number: number, registers: Record<string, number> = {}): Record<string, number> {
  make(guest, VMWARE, { ...VMWARE.number(number), ...registers });
  const names = ['EAX', 'EBX', 'ECX', 'EDX', 'ESI', 'EDI'] as const;
  return Object.fromEntries(names.map((name) => [name, guest.state.reg(Register[name])]));
}

/** One step of the message protocol. */
function message(
  guest: TestGuest,
  type: number,
  { channel = 0, data = 0, esi = 0, edi = 0 }: { channel?: number; data?: number; esi?: number; edi?: number } = {},
): { status: number; type: number; data: number; esi: number; edi: number } {
  const registers = {
    ECX: ((type << 16) | 30) >>> 0,
    EDX: ((channel << 16) | 0x5658) >>> 0,
    EBX: data,
    ESI: esi,
    EDI: edi,
  };
  const { EBX, ECX, EDX, ESI, EDI } = command(guest, 30, registers);
  return { status: ECX >>> 16, type: EDX >>> 16, data: EBX, esi: ESI, edi: EDI };
}

/** Sends a text and gives the answer, as open-vm-tools do it without the port of high bandwidth. */
function rpc(guest: TestGuest, text: string, channel = 0, cookie = {}): string | undefined {
  const bytes = [...text].map((character) => character.charCodeAt(0));
  assert.equal(message(guest, 1, { channel, data: bytes.length, ...cookie }).status, 1);
  for (let i = 0; i < bytes.length; i += 4) {
    const data = [3, 2, 1, 0].reduce((value, at) => (value << 8) | (bytes[i + at] ?? 0), 0) >>> 0;
    assert.equal(message(guest, 2, { channel, data, ...cookie }).status, 1);
  }
  const size = message(guest, 3, { channel, ...cookie });
  if (size.status !== 3) return undefined;
  assert.equal(size.type, 1, 'the host sends a size');
  let answer = '';
  while (answer.length < size.data) {
    const piece = message(guest, 4, { channel, data: 1, ...cookie });
    assert.deepEqual([piece.status, piece.type], [1, 2]);
    for (let i = 0; i < 4 && answer.length < size.data; i++) {
      answer += String.fromCharCode((piece.data >>> (8 * i)) & 0xff);
    }
  }
  assert.equal(message(guest, 5, { channel, data: 1, ...cookie }).status, 1);
  return answer;
}

describe("hypercalls of VMware's backdoor", () => {
  for (const mode of VMWARE.modes) {
    for (const [what, code] of [
      ['IN', [0xed]],
      ['OUT', [0xef]],
    ] as const) {
      it(`10 GETVERSION by ${what} in mode ${mode}, from every level and mode`, () => {
        for (const from of ['kernel', 'user', 'v86', 'real'] as const) {
          const guest = offered(VMWARE, { mode });
          if (from === 'v86' || from === 'real') guest.enter(from);
          else guest.cpu.segmentation.setCpl(from === 'user' ? 3 : 0);
          const registers = { EAX: MAGIC, ECX: 10, EDX: 0x5658, EBX: 0 };
          const size = from === 'v86' || from === 'real' ? [0x66] : [];
          make(guest, { ...VMWARE, code: [...size, ...code] }, registers);
          const found = ['EAX', 'EBX', 'ECX', 'EDX'].map((name) => guest.state.reg(Register[name as 'EAX']));
          assert.deepEqual(found, [6, MAGIC, 4, 0x5658], from);
          const [record] = guest.hypervisor.log.records(0, 9);
          assert.deepEqual(
            [record.reason, record.channel, record.abi, record.hypercall],
            ['IO', 'hypercall', 'vmware', 'GETVERSION'],
          );
          assert.deepEqual([...record.bytes], mode === 'vtx' ? [] : [...size, ...code], 'a software VMM has to decode');
          assert.equal(record.cost.decode > 0, mode !== 'vtx');
        }
      });
    }
  }

  it('is an ordinary port without the magic number, in another width, and with an immediate port', () => {
    const guest = offered(VMWARE);
    const plain = (code: number[], registers: Record<string, number>): number => {
      make(guest, { ...VMWARE, code }, { EAX: MAGIC, ECX: 10, EDX: 0x5658, EBX: 1, ...registers });
      assert.equal(guest.state.reg(Register.EBX), 1);
      return guest.state.reg(Register.EAX);
    };
    assert.equal(plain([0xed], { EAX: MAGIC + 1 }), ALL_ONES, 'nobody owns the port');
    assert.equal(plain([0xec], {}), (MAGIC | 0xff) >>> 0);
    assert.equal(plain([0x66, 0xed], {}), (MAGIC | 0xffff) >>> 0);
    assert.equal(plain([0xed], { EDX: 0x5657 }), ALL_ONES);
    assert.equal(guest.hypervisor.log.records(0, 9).filter(({ abi }) => abi === 'vmware').length, 0);
    guest.cpu.segmentation.setCpl(3);
    assert.equal(faultOf(guest, VMWARE, { EAX: 0, ECX: 10, EDX: 0x5658 })?.vector, 13, 'user mode without magic');
  });

  it('is an ordinary port where it is not offered', () => {
    const guest = offered(VMWARE, { abis: [] });
    assert.deepEqual(changes(guest, VMWARE, VMWARE.number(10)), { EAX: ALL_ONES });
    guest.cpu.segmentation.setCpl(3);
    assert.equal(faultOf(guest, VMWARE, VMWARE.number(10))?.vector, 13);
  });

  for (const [number, name] of [
    [4, 'GETPTRLOCATION'],
    [5, 'SETPTRLOCATION'],
    [6, 'GETSELLENGTH'],
    [7, 'GETNEXTPIECE'],
    [8, 'SETSELLENGTH'],
    [9, 'SETNEXTPIECE'],
    [17, 'GETHWVERSION'],
    [99, 'unknown'],
  ] as const) {
    it(`${number} ${name}: EAX is all ones, nothing else changes`, () => {
      const guest = offered(VMWARE);
      assert.deepEqual(changes(guest, VMWARE, { ...VMWARE.number(number), EBX: ALL_ONES }), { EAX: ALL_ONES });
      assert.equal(guest.hypervisor.log.records(0, 9)[0].hypercall, name);
    });
  }

  it('1 GETMHZ, 20 GETMEMSIZE, 45 GETHZ, 68 GET_VCPU_INFO', () => {
    const guest = offered(VMWARE);
    assert.deepEqual(changes(guest, VMWARE, VMWARE.number(1)), { EAX: 1000 });
    assert.deepEqual(changes(guest, VMWARE, VMWARE.number(20)), { EAX: 4 });
    const hertz = { EAX: 1_000_000_000, EBX: 0, ECX: 100_000_000 };
    assert.deepEqual(changes(guest, VMWARE, { ...VMWARE.number(45), EBX: ALL_ONES }), hertz);
    assert.deepEqual(changes(guest, VMWARE, VMWARE.number(68)), { EAX: 0 });
  });

  it('23 GETTIME, 46 GETTIMEFULL: the wall clock', () => {
    const guest = offered(VMWARE);
    guest.clock.charge(5_000_007_000);
    const time = command(guest, 23);
    assert.deepEqual([time.EAX, time.EBX, time.ECX, time.EDX], [5, 7, 1_000_000, 0]);
    const full = command(guest, 46, { ESI: 7 });
    assert.deepEqual([full.EAX, full.EDX, full.ESI, full.ECX], [MAGIC, 5, 0, 1_000_000]);
    assert.ok(full.EBX >= 7 && full.EBX < 1000, 'microseconds pass');
  });

  it('port I/O is #GP(0) from user mode, said once', () => {
    const guest = offered(VMWARE);
    guest.cpu.segmentation.setCpl(3);
    for (let form = 0; form < 12; form++) {
      const fault = faultOf(guest, VMWARE, VMWARE.port(VMWARE.firstPortCall + form, 1));
      assert.deepEqual(fault, { vector: 13, errorCode: 0 });
    }
    assert.equal(guest.recorder.accesses.length, 0);
    assert.equal(guest.reports.length, 1);
  });

  it('CPUID has the signature and the clocks, also beside KVM', () => {
    const cpuid = (guest: TestGuest, leaf: number): number[] => {
      guest.load([0x0f, 0xa2, 0xf4]);
      guest.setRegisters({ EAX: leaf });
      guest.run(1);
      return [Register.EAX, Register.EBX, Register.ECX, Register.EDX].map((register) => guest.state.reg(register));
    };
    const signature = [0x61774d56, 0x4d566572, 0x65726177];
    const guest = offered(VMWARE);
    assert.deepEqual(cpuid(guest, 0x40000000), [0x40000010, ...signature]);
    assert.deepEqual(cpuid(guest, 0x40000010), [1_000_000, 100_000, 0, 0]);
    const both = offered(VMWARE, { abis: ['kvm', 'vmware'] });
    assert.equal(cpuid(both, 0x40000000)[1], 0x4b4d564b);
    assert.deepEqual(cpuid(both, 0x40000100), [0x40000110, ...signature]);
    assert.deepEqual(cpuid(both, 0x40000110), [1_000_000, 100_000, 0, 0]);
  });

  describe('30 MESSAGE', () => {
    const OPEN = { data: RPCI };

    it('answers info-get with what the session tells its guest', () => {
      const guest = offered(VMWARE, { guestInfo: { colour: 'mauve', empty: '' } });
      assert.deepEqual(message(guest, 0, OPEN), { status: 1, type: 0, data: RPCI, esi: 0, edi: 0 });
      assert.equal(rpc(guest, 'info-get guestinfo.colour'), '1 mauve');
      assert.equal(rpc(guest, 'info-get guestinfo.empty'), '1 ');
      assert.equal(rpc(guest, 'info-get guestinfo.shape'), '0 No value found');
      assert.equal(rpc(guest, 'info-get colour'), '0 No value found');
      assert.equal(rpc(guest, 'tools.set.version 0'), '0 Unknown command');
      assert.equal(rpc(guest, ''), '0 Unknown command');
    });

    it('keeps what info-set sets, within bounds, and tells the user what is logged', () => {
      const guest = offered(VMWARE, { guestInfo: { colour: 'mauve' } });
      message(guest, 0, OPEN);
      assert.equal(rpc(guest, 'info-set guestinfo.colour pale blue'), '1 ');
      assert.equal(rpc(guest, 'info-get guestinfo.colour'), '1 pale blue');
      assert.equal(rpc(guest, 'info-set colour red'), '0 Invalid key');
      assert.equal(rpc(guest, `info-set guestinfo.long ${'x'.repeat(5000)}`), '0 Value too large');
      for (let i = 0; i < 255; i++) assert.equal(rpc(guest, `info-set guestinfo.k${i} v`), '1 ');
      assert.equal(rpc(guest, 'info-set guestinfo.one-more v'), '0 Value too large');
      assert.equal(rpc(guest, 'log hello'), '1 ');
      assert.match(guest.reports.join('\n'), /logs by VMware's RPCI: hello/);
      for (let i = 0; i < 200; i++) rpc(guest, `log ${i}`);
      assert.equal(guest.reports.length, 101, 'a guest cannot drown its user');
    });

    it('gives cookies and wants them back', () => {
      const guest = offered(VMWARE);
      const { status, type: channel, esi, edi } = message(guest, 0, { data: (RPCI | 0x80000000) >>> 0 });
      assert.equal(status, 1);
      assert.equal(rpc(guest, 'log a', channel, { esi, edi }), '1 ');
      assert.equal(message(guest, 1, { channel, data: 4, esi, edi: edi + 1 }).status, 0);
      assert.equal(message(guest, 6, { channel, esi, edi }).status, 1);
    });

    it('opens as many channels as there are, and closes them', () => {
      const guest = offered(VMWARE);
      const channels = Array.from({ length: 8 }, () => message(guest, 0, OPEN));
      assert.deepEqual(
        channels.map(({ type }) => type),
        [0, 1, 2, 3, 4, 5, 6, 7],
      );
      assert.equal(message(guest, 0, OPEN).status, 0);
      assert.equal(message(guest, 6, { channel: 3 }).status, 1);
      assert.equal(message(guest, 6, { channel: 3 }).status, 0);
      assert.deepEqual(message(guest, 0, OPEN).type, 3);
    });

    it('refuses what makes no sense', () => {
      const guest = offered(VMWARE);
      assert.equal(message(guest, 0, { data: 0x12345678 }).status, 0, 'a protocol that there is not');
      assert.equal(message(guest, 1, { channel: 5, data: 4 }).status, 0, 'a channel that is not open');
      message(guest, 0, OPEN);
      assert.equal(message(guest, 2, { data: 1 }).status, 0, 'more than was announced');
      assert.equal(message(guest, 1, { data: 65537 }).status, 0, 'too much');
      assert.equal(message(guest, 3).status, 1, 'nothing waits');
      assert.equal(message(guest, 4).status, 0, 'nothing to fetch');
      assert.equal(message(guest, 7).status, 0, 'a type that there is not');
    });

    it('is part of the saved state in the midst of a message', () => {
      const guest = offered(VMWARE, { guestInfo: { colour: 'mauve' } });
      message(guest, 0, OPEN);
      message(guest, 1, { data: 8 });
      message(guest, 2, { data: 0x20676f6c });
      const saved = JSON.parse(JSON.stringify(guest.hypervisor.save())) as ReturnType<typeof guest.hypervisor.save>;
      const other = offered(VMWARE);
      other.hypervisor.load(saved);
      assert.equal(message(other, 2, { data: 0x64636261 }).status, 1);
      assert.match(other.reports.join(), /RPCI: abcd/);
      assert.equal(message(other, 3).data, 2);
      guest.hypervisor.reset();
      assert.equal(message(guest, 3).status, 0, 'power on closes channels');
    });
  });
});
