import * as layout from '../layout';
import { FLAG_DF, Register, SegmentIndex } from '../layout';
import type { CpuState } from './state';
import type { StringIoCpu, StringIoForm } from './string-io-form';
import { StringRun } from './string-run';

/**
 * Moves one element between the port and the instruction.
 * @param value element read from memory; 0 for `in`
 * @param remaining elements still to do, this one included
 * @returns the element that came from the port; ignored for `out`
 */
export type StringIoTransfer = (value: number, remaining: number) => number;

/**
 * Carries out INS or OUTS: one element after the other, each counted as one retired instruction. EIP must be past
 * the instruction; it goes back to `eipStart` while elements are left, which happens when REMAINING is used up or a
 * bit of EXIT was raised. Registers are up to date before each element, so that a fault or an
 * `AbortInstruction` of a later element leaves the earlier ones done.
 * @returns elements done by this call
 * @throws Fault of the memory operand, before the port is touched; whatever `transfer` throws
 */
export function stringIo(cpu: StringIoCpu, form: StringIoForm, transfer: StringIoTransfer): number {
  const { state } = cpu;
  const { counter = Register.ECX } = form;
  const total = form.repeat ? readIndex(state, counter, form.addressSize) : 1;
  const index = form.direction === 'in' ? Register.EDI : Register.ESI;
  const step = state.systemFlag(FLAG_DF) ? -form.width : form.width;
  const run = new StringRun(cpu, form);
  for (let done = 0; done < total; ) {
    // The first element is the instruction itself, which the run loop counts.
    if (done > 0) state.set(layout.REMAINING, state.get(layout.REMAINING) - 1);
    const at = readIndex(state, index, form.addressSize);
    const host = run.next(at, total - done);
    if (form.direction === 'in') moveIn(cpu, form, at, total - done, transfer, run, host);
    else if (host !== 0) transfer(run.read(host), total - done);
    else transfer(cpu.segmentation.readSegmented(form.segment, at, form.width), total - done);
    done++;
    writeIndex(state, index, form.addressSize, at + step);
    if (form.repeat) writeIndex(state, counter, form.addressSize, total - done);
    const pause = state.get(layout.EXIT) !== 0 || state.get(layout.REMAINING) <= 1;
    if (done < total && pause) {
      state.eip = state.eipStart;
      state.set(layout.STRING_PENDING, 1);
      return done;
    }
  }
  return total;
}

/** The destination is checked before the port is read: a page fault must not lose the device's data. */
function moveIn(
  cpu: StringIoCpu,
  form: StringIoForm,
  offset: number,
  remaining: number,
  transfer: StringIoTransfer,
  run: StringRun,
  host: number,
): void {
  if (host !== 0) {
    const value = transfer(0, remaining);
    if (run.isIntact) {
      run.write(host, value);
      return;
    }
    // The device has changed where memory is.
    const linear = cpu.segmentation.checkSegment(SegmentIndex.ES, offset, form.width, true);
    cpu.mmu.slowWrite(linear, form.width, value);
    return;
  }
  const linear = cpu.segmentation.checkSegment(SegmentIndex.ES, offset, form.width, true);
  cpu.mmu.probeWrite(linear, form.width);
  cpu.mmu.slowWrite(linear, form.width, transfer(0, remaining));
}

function readIndex(state: CpuState, register: Register, addressSize: 2 | 4): number {
  return addressSize === 4 ? state.reg(register) : state.reg16(register);
}

function writeIndex(state: CpuState, register: Register, addressSize: 2 | 4, value: number): void {
  if (addressSize === 4) state.setReg(register, value);
  else state.setReg16(register, value);
}
