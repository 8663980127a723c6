import { CR4_TSD } from '../../cpu/control-bits';
import { Vector } from '../../cpu/fault';
import * as layout from '../../layout';
import { FLAG_VM, FLAG_ZF, Register } from '../../layout';
import type { Emitter } from '../emitter';
import { type CpuModel, type Form, form, type MemoryAccess, type OperandAccess } from '../form';
import * as w from '../wasm/expression';
import { f64 } from '../wasm/float';
import { high32, i64 } from '../wasm/i64';

type PlainOperation =
  | 'setInterruptFlag'
  | 'halt'
  | 'clearTaskSwitched'
  | 'writeBackCaches'
  | 'cpuid'
  | 'readCounter'
  | 'readMsr'
  | 'writeMsr'
  | 'systemEnter'
  | 'systemExit'
  | 'monitorCall';

/** A form that is nothing but a call of an operation. */
const plain = (mnemonic: string, encoding: string, operation: PlainOperation, since: CpuModel = '386'): Form[] =>
  form(mnemonic, encoding, '', (e: Emitter) => e.call(operation), { since });

/** Group 6 and friends exist in protected mode only: #UD in real and V86 mode. */
function requireProtectedMode(e: Emitter): void {
  const protectedMode = w.and(w.load32(layout.CR), 1);
  const v86 = w.and(e.state(layout.EFLAGS), FLAG_VM);
  e.if(w.or(w.eqz(protectedMode), v86), () => e.fault(Vector.UD));
}

/** RDTSC: where nobody may object, the sum that `readTimestamp` gives is made in place. Guests wait in loops of it. */
function readTimestamp(e: Emitter): void {
  const restricted = w.and(w.load32(layout.CR + 4 * 4), CR4_TSD);
  e.unlikely(w.or(restricted, w.load32(layout.OPERATIONS_WATCHED)), () => {
    e.call('readTimestamp');
    e.leave();
  });
  const now = f64.sub(f64.load(0, layout.CLOCK_BASE), f64.fromI32(e.remaining()));
  const cycles = f64.floor(f64.add(now, f64.load(0, layout.TSC_OFFSET)));
  const value = e.f.hold(f64.truncateToU64(cycles));
  e.setReg(32, Register.EAX, i64.wrap(value));
  e.setReg(32, Register.EDX, high32(value));
}

/**
 * #GP(0) above privilege level 0, before operands are read. The operation raises it, so that a debugger that watches the
 * instruction is asked first.
 */
function requirePrivilege(e: Emitter, operation: 'loadLdt' | 'loadTask' | 'loadMachineStatus'): void {
  e.if(e.state(layout.CPL), () => e.call(operation, 0));
}

const loadSystemSelector = (operation: 'loadLdt' | 'loadTask') => (e: Emitter, src: OperandAccess) => {
  requireProtectedMode(e);
  requirePrivilege(e, operation);
  e.call(operation, src.read());
};

const verifySelector = (operation: 'verifyRead' | 'verifyWrite') => (e: Emitter, src: OperandAccess) => {
  requireProtectedMode(e);
  e.call(operation, src.read());
};

const loadMachineStatus = (e: Emitter, src: OperandAccess) => {
  requirePrivilege(e, 'loadMachineStatus');
  e.call('loadMachineStatus', src.read());
};

const storeSelector = (operation: 'storeLdt' | 'storeTask') => (e: Emitter, dst: OperandAccess) => {
  requireProtectedMode(e);
  dst.write(e.callValue(operation));
};

const inspectSelector =
  (operation: 'loadAccessRights' | 'loadSegmentLimit') => (e: Emitter, dst: OperandAccess, src: OperandAccess) => {
    requireProtectedMode(e);
    dst.write(e.callValue(operation, src.read(), dst.read()));
  };

const descriptorTable =
  (operation: 'loadGdt' | 'loadIdt' | 'storeGdt' | 'storeIdt') => (e: Emitter, src: MemoryAccess) =>
    e.call(operation, src.segment, src.offset, e.operandSize / 8);

/** ARPL: raises the RPL of the destination to that of the source. */
const adjustRpl = (e: Emitter, dst: OperandAccess, src: OperandAccess) => {
  requireProtectedMode(e);
  const selector = dst.read();
  const rpl = e.let(w.and(src.read(), 3));
  const raise = e.let(w.ltU(w.and(selector, 3), rpl));
  // Only a selector that changes is written; the write may fault, so it comes before the flags.
  e.if(raise, () => dst.write(w.or(w.and(selector, ~3), rpl)));
  e.setFlags(FLAG_ZF, w.mul(raise, FLAG_ZF));
};

/** The register number of control, debug and test registers comes as the operand's value. */
const fromSpecial =
  (operation: 'readControl' | 'readDebug' | 'readTest') => (e: Emitter, dst: OperandAccess, src: OperandAccess) =>
    dst.write(e.callValue(operation, src.read()));

const toSpecial =
  (operation: 'writeControl' | 'writeDebug' | 'writeTest') => (e: Emitter, dst: OperandAccess, src: OperandAccess) =>
    e.call(operation, dst.read(), src.read());

const undefinedOpcode = (e: Emitter) => e.fault(Vector.UD);

export const systemForms: readonly Form[] = [
  ...plain('STI', 'FB', 'setInterruptFlag'),
  ...plain('HLT', 'F4', 'halt'),
  ...plain('CLTS', '0F 06', 'clearTaskSwitched'),
  ...plain('INVD', '0F 08', 'writeBackCaches', '486'),
  ...plain('WBINVD', '0F 09', 'writeBackCaches', '486'),
  ...plain('CPUID', '0F A2', 'cpuid', '486'),
  ...form('RDTSC', '0F 31', '', readTimestamp, { since: 'pentium' }),
  ...plain('RDMSR', '0F 32', 'readMsr', 'pentium'),
  ...plain('RDPMC', '0F 33', 'readCounter', 'pentium2'),
  ...plain('WRMSR', '0F 30', 'writeMsr', 'pentium'),
  ...plain('SYSENTER', '0F 34', 'systemEnter', 'pentium2'),
  ...plain('SYSEXIT', '0F 35', 'systemExit', 'pentium2'),
  // On every model: the firmware calls the machine with it too. Without an answer it is #UD, as it should be.
  ...plain('VMCALL', '0F 01 /0 reg rm=1', 'monitorCall'),
  // AMD's name for it: guests that do not know where they are may use either.
  ...plain('VMMCALL', '0F 01 /3 reg rm=1', 'monitorCall'),
  ...form('SLDT', '0F 00 /0 reg', 'Ev', storeSelector('storeLdt')),
  ...form('SLDT', '0F 00 /0 mem', 'Ew', storeSelector('storeLdt')),
  ...form('STR', '0F 00 /1 reg', 'Ev', storeSelector('storeTask')),
  ...form('STR', '0F 00 /1 mem', 'Ew', storeSelector('storeTask')),
  ...form('LLDT', '0F 00 /2', 'Ew', loadSystemSelector('loadLdt')),
  ...form('LTR', '0F 00 /3', 'Ew', loadSystemSelector('loadTask')),
  ...form('VERR', '0F 00 /4', 'Ew', verifySelector('verifyRead')),
  ...form('VERW', '0F 00 /5', 'Ew', verifySelector('verifyWrite')),
  ...form('SGDT', '0F 01 /0 mem', 'M', descriptorTable('storeGdt')),
  ...form('SIDT', '0F 01 /1 mem', 'M', descriptorTable('storeIdt')),
  ...form('LGDT', '0F 01 /2 mem', 'M', descriptorTable('loadGdt')),
  ...form('LIDT', '0F 01 /3 mem', 'M', descriptorTable('loadIdt')),
  ...form('SMSW', '0F 01 /4 reg', 'Ev', (e: Emitter, dst: OperandAccess) =>
    dst.write(e.callValue('storeMachineStatus')),
  ),
  ...form('SMSW', '0F 01 /4 mem', 'Ew', (e: Emitter, dst: OperandAccess) =>
    dst.write(e.callValue('storeMachineStatus')),
  ),
  ...form('LMSW', '0F 01 /6', 'Ew', loadMachineStatus),
  ...form(
    'INVLPG',
    '0F 01 /7 mem',
    'M',
    (e: Emitter, page: MemoryAccess) => e.call('invalidatePage', page.segment, page.offset),
    { since: '486' },
  ),
  ...form('LAR', '0F 02', 'Gv Ew', inspectSelector('loadAccessRights')),
  ...form('LSL', '0F 03', 'Gv Ew', inspectSelector('loadSegmentLimit')),
  ...form('ARPL', '63', 'Ew Gw', adjustRpl),
  ...form('MOV', '0F 20', 'Rd Cd', fromSpecial('readControl')),
  ...form('MOV', '0F 21', 'Rd Dd', fromSpecial('readDebug')),
  ...form('MOV', '0F 22', 'Cd Rd', toSpecial('writeControl')),
  ...form('MOV', '0F 23', 'Dd Rd', toSpecial('writeDebug')),
  // Test registers have no letter of their own; those that the model does not have are #UD. The Pentium has none.
  ...form('MOV', '0F 24', 'Rd Cd', fromSpecial('readTest'), { until: '486' }),
  ...form('MOV', '0F 26', 'Cd Rd', toSpecial('writeTest'), { until: '486' }),
  ...form('UD2', '0F 0B', '', undefinedOpcode, { since: 'pentium2' }),
  // The P6 reserves 0F 18 to 0F 1F as hints that may do nothing (Intel SDM vol. 2D, table A-3); the memory operand is
  // never accessed. From the Pentium III on 0F 18 is among the SSE forms.
  ...form('NOP', '0F 18', 'Ev', () => undefined, { since: 'pentium2', until: 'pentium2' }),
  ...Array.from({ length: 7 }, (_, i) =>
    form('NOP', `0F ${(0x19 + i).toString(16)}`, 'Ev', () => undefined, { since: 'pentium2' }),
  ).flat(),
];
