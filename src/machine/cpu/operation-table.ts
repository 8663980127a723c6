import type { PortWidth } from '../devices/device';
import { FLAG_OF, SegmentIndex } from '../layout';
import type { ControlRegisters } from './control';
import type { CpuCore } from './core';
import type { DebugRegisters } from './debug-registers';
import type { DescriptorTables } from './descriptor-tables';
import type { FarTransfer } from './far-transfer';
import type { FastSystemCall } from './fast-system-call';
import { Vector } from './fault';
import type { Fpu } from '../fpu/fpu';
import type { FlagOperations } from './flag-operations';
import type { Identification } from './identification';
import type { InterruptReturn } from './interrupt-return';
import type { Interrupts } from './interrupts';
import type { MonitorCalls } from './monitor-calls';
import { loadMxcsr } from './mxcsr';
import type { Operations } from './operations';
import type { PortIo } from './port-io';

/** The units behind the operations. */
export interface OperationUnits {
  readonly core: CpuCore;
  readonly transfer: FarTransfer;
  readonly interruptReturn: InterruptReturn;
  readonly interrupts: Interrupts;
  readonly flags: FlagOperations;
  readonly control: ControlRegisters;
  readonly debug: DebugRegisters;
  readonly tables: DescriptorTables;
  readonly identification: Identification;
  readonly systemCall: FastSystemCall;
  readonly ports: PortIo;
  readonly monitorCalls: MonitorCalls;
  readonly fpu: Fpu;
}

/** Names each operation of the instruction table and the unit that carries it out. */
export function buildOperations(units: OperationUnits): Operations {
  const { core, transfer, interrupts, flags, control, debug, tables, identification, systemCall, ports, fpu } = units;
  return {
    loadSegment: (segment, selector) => {
      core.segmentation.load(segment, selector);
      if (segment === SegmentIndex.SS) core.shadowAll();
    },
    loadFarSegment: (segment, selector) => core.segmentation.load(segment, selector),
    farJump: (selector, offset, size) => transfer.jump(selector, offset, size),
    farCall: (selector, offset, size) => transfer.call(selector, offset, size),
    farReturn: (size, release) => transfer.return(size, release),
    interruptReturn: (size) => units.interruptReturn.execute(size),
    softwareInterrupt: (vector) => interrupts.software(vector),
    breakpointInterrupt: () => interrupts.trap(Vector.BP),
    overflowInterrupt: () => {
      if (core.state.eflags & FLAG_OF) interrupts.trap(Vector.OF);
    },
    debugInterrupt: () => interrupts.debugInstruction(),

    pushFlags: (size) => flags.pushFlags(size),
    popFlags: (size) => flags.popFlags(size),
    clearInterruptFlag: () => flags.clearInterruptFlag(),
    setInterruptFlag: () => flags.setInterruptFlag(),
    halt: () => flags.halt(),

    readControl: (index) => control.readControl(index),
    writeControl: (index, value) => control.writeControl(index, value),
    readDebug: (index) => debug.read(index),
    writeDebug: (index, value) => debug.write(index, value),
    readTest: (index) => control.readTest(index),
    writeTest: (index, value) => control.writeTest(index, value),
    clearTaskSwitched: () => control.clearTaskSwitched(),
    loadMachineStatus: (value) => control.loadMachineStatus(value),
    storeMachineStatus: () => control.storeMachineStatus(),

    loadGdt: (segment, offset, size) => tables.loadGdt(segment, offset, size),
    loadIdt: (segment, offset, size) => tables.loadIdt(segment, offset, size),
    storeGdt: (segment, offset, size) => tables.storeGdt(segment, offset, size),
    storeIdt: (segment, offset, size) => tables.storeIdt(segment, offset, size),
    loadLdt: (selector) => tables.loadLdt(selector),
    loadTask: (selector) => tables.loadTask(selector),
    storeLdt: () => tables.storeLdt(),
    storeTask: () => tables.storeTask(),
    loadAccessRights: (selector, old) => tables.loadAccessRights(selector, old),
    loadSegmentLimit: (selector, old) => tables.loadSegmentLimit(selector, old),
    verifyRead: (selector) => tables.verifyRead(selector),
    verifyWrite: (selector) => tables.verifyWrite(selector),

    invalidatePage: (segment, offset) => {
      core.checkFamily(4);
      core.checkPrivileged();
      core.mmu.invalidate(core.state.segmentBase(segment) + (offset >>> 0));
    },
    writeBackCaches: () => {
      // There is no cache to write back: only who may ask for it matters.
      core.checkFamily(4);
      core.checkPrivileged();
    },
    cpuid: () => identification.cpuid(),
    readTimestamp: () => identification.readTimestamp(),
    readCounter: () => identification.readCounter(),
    readMsr: () => identification.readMsr(),
    writeMsr: () => identification.writeMsr(),
    loadMxcsr: (value) => loadMxcsr(core, value),
    systemEnter: () => systemCall.enter(),
    systemExit: () => systemCall.exit(),
    monitorCall: () => units.monitorCalls.execute(),

    fpuReportError: () => (fpu.reportError() ? 1 : 0),
    fpuErrorChanged: () => fpu.errorChanged(),
    fpuInitialize: () => fpu.initialize(),
    fpuStoreEnvironment: (segment, offset, size) => fpu.storeEnvironment(segment, offset, size),
    fpuLoadEnvironment: (segment, offset, size) => fpu.loadEnvironment(segment, offset, size),
    fpuSave: (segment, offset, size) => fpu.save(segment, offset, size),
    fpuRestore: (segment, offset, size) => fpu.restore(segment, offset, size),
    fxSave: (segment, offset) => fpu.fxSave(segment, offset),
    fxRestore: (segment, offset) => fpu.fxRestore(segment, offset),
    fpuTranscendental: (index, st0, st1) => fpu.transcendental(index, st0, st1),

    portIn: (port, width, immediate) => ports.in(port, portWidth(width), immediate !== 0),
    portOut: (port, width, immediate) => ports.out(port, portWidth(width), immediate !== 0),
    portInString: (width) => ports.string('in', portWidth(width)),
    portOutString: (width) => ports.string('out', portWidth(width)),
  };
}

function portWidth(width: number): PortWidth {
  return width === 1 || width === 2 ? width : 4;
}
