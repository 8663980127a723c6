import type { PortAccess } from '../bus/port-access';
import type { PortDirection, PortWidth } from '../devices/device';
import * as layout from '../layout';
import { PREFIX_ADDRESS_SIZE, PREFIX_REP, PREFIX_REPNE, PREFIX_SEGMENT_MASK, Register, SegmentIndex } from '../layout';
import type { CpuCore } from './core';
import { Fault, Vector } from './fault';
import { hasTss32 } from './inner-stack';
import type { Intercepts, IoQualification } from './intercepts';
import { stringIo } from './string-io';
import type { StringIoForm } from './string-io-form';

/** What the CPU needs of the port bus. */
export interface PortBusLike {
  /**
   * Carries out one access; `value` is what goes out, or receives what comes in.
   * @throws AbortInstruction if the debugger stops before it
   */
  access(access: PortAccess): void;
}

/** Where the I/O map's offset is in a 386 TSS, and the smallest limit with room for it. */
const TSS_IO_MAP_BASE = 0x66;
const TSS32_MINIMUM_LIMIT = 0x67;

/** IN, OUT, INS and OUTS with the guest's own protection (Intel SDM vol. 1, chapter 18). */
export class PortIo {
  /** Reused for all direct accesses. */
  private readonly access: PortAccess = {
    port: 0,
    width: 1,
    direction: 'in',
    value: 0,
    channel: 'direct',
    hypercall: '',
    count: 1,
  };

  /** Reused for all intercepted instructions. */
  private readonly qualification: IoQualification = {
    port: 0,
    width: 1,
    direction: 'in',
    string: false,
    repeat: false,
    immediate: false,
  };

  constructor(
    private readonly core: CpuCore,
    private readonly bus: PortBusLike,
    /** The hypervisor's hooks as they are now. */
    private readonly intercepts: () => Intercepts,
  ) {}

  /** IN. @throws Fault #GP(0), #PF; AbortInstruction */
  in(port: number, width: PortWidth, immediate: boolean): void {
    if (!this.begin(port, width, 'in', immediate)) {
      this.setAccumulator(width, this.transfer(port & 0xffff, width, 'in', 0, 1));
    }
    this.notePort(port & 0xffff, width);
  }

  /** OUT. @throws Fault #GP(0), #PF; AbortInstruction */
  out(port: number, width: PortWidth, immediate: boolean): void {
    if (!this.begin(port, width, 'out', immediate)) {
      this.transfer(port & 0xffff, width, 'out', this.accumulator(width), 1);
    }
    this.notePort(port & 0xffff, width);
  }

  /** INS and OUTS with the prefixes of the present instruction. @throws Fault; AbortInstruction */
  string(direction: PortDirection, width: PortWidth): void {
    const form = this.decode(direction, width);
    const { state } = this.core;
    const count = form.addressSize === 4 ? state.reg(Register.ECX) : state.reg16(Register.ECX);
    const port = state.reg16(Register.EDX);
    const intercept = this.intercepts();
    const qualification = this.qualify(port, width, direction, true, form.repeat, false);
    if (intercept.backdoor?.(qualification)) {
      this.core.state.dropCodePage();
      return;
    }
    // Permission is checked even where there is nothing to repeat, as processors do.
    this.checkPermission(port, width);
    if (form.repeat && count === 0) return;
    if (intercept.io) {
      intercept.io(qualification);
      this.notePort(port, width);
      return;
    }
    stringIo(this.core, form, (value, remaining) => {
      const result = this.transfer(port, width, direction, value, remaining);
      this.notePort(port, width);
      return result;
    });
  }

  /** The guest's I/O breakpoints (CR4.DE) trap after the access. */
  private notePort(port: number, width: PortWidth): void {
    if (this.core.conditions.watchesPorts) this.core.conditions.notePort(port, width);
  }

  /** Checks permission and offers the instruction to the hypervisor; true if that one did it. */
  private begin(port: number, width: PortWidth, direction: PortDirection, immediate: boolean): boolean {
    const intercept = this.intercepts();
    if (!intercept.io && !intercept.backdoor) {
      this.checkPermission(port & 0xffff, width);
      return false;
    }
    const qualification = this.qualify(port & 0xffff, width, direction, false, false, immediate);
    if (intercept.backdoor?.(qualification)) {
      // Compiled code keeps all registers but the accumulator across an access: after a hypercall it must not.
      this.core.state.dropCodePage();
      return true;
    }
    this.checkPermission(port & 0xffff, width);
    if (!intercept.io) return false;
    intercept.io(qualification);
    return true;
  }

  private qualify(
    port: number,
    width: PortWidth,
    direction: PortDirection,
    string: boolean,
    repeat: boolean,
    immediate: boolean,
  ): IoQualification {
    const { qualification } = this;
    qualification.port = port;
    qualification.width = width;
    qualification.direction = direction;
    qualification.string = string;
    qualification.repeat = repeat;
    qualification.immediate = immediate;
    return qualification;
  }

  private transfer(port: number, width: PortWidth, direction: PortDirection, value: number, remaining: number): number {
    const { access } = this;
    access.port = port;
    access.width = width;
    access.direction = direction;
    access.value = value;
    access.count = remaining;
    this.bus.access(access);
    return access.value;
  }

  /**
   * A compressed kernel may always: its access goes to the hypervisor.
   * @throws Fault #GP(0) where neither IOPL nor the TSS allows the port; #PF while the map is read
   */
  private checkPermission(port: number, width: PortWidth): void {
    const { state, segmentation } = this.core;
    if (!state.protectedMode || (!state.v86 && state.cpl <= state.iopl)) return;
    const { kernelLevel, portLevel } = segmentation.rings;
    if (kernelLevel > 0 && !state.v86 && state.cpl <= Math.max(kernelLevel, portLevel)) return;
    if (!this.mapAllows(port, width)) throw new Fault(Vector.GP, 0);
  }

  /** The I/O permission bitmap of the current TSS; both bytes that may hold the bits must be inside its limit. */
  private mapAllows(port: number, width: PortWidth): boolean {
    const { state, mmu } = this.core;
    const limit = state.segmentLimit(SegmentIndex.TR);
    if (!hasTss32(this.core) || limit < TSS32_MINIMUM_LIMIT) return false;
    const base = state.segmentBase(SegmentIndex.TR);
    const at = mmu.readSystem(base + TSS_IO_MAP_BASE, 2) + (port >>> 3);
    if (at + 1 > limit) return false;
    const bits = mmu.readSystem(base + at, 2) >>> (port & 7);
    return (bits & ((1 << width) - 1)) === 0;
  }

  private decode(direction: PortDirection, width: PortWidth): StringIoForm {
    const { state } = this.core;
    const prefixes = state.get(layout.PREFIXES);
    const override = prefixes & PREFIX_SEGMENT_MASK;
    const address32 = (state.get(layout.CODE_32) !== 0) !== ((prefixes & PREFIX_ADDRESS_SIZE) !== 0);
    return {
      direction,
      width,
      segment: direction === 'out' && override ? override - 1 : SegmentIndex.DS,
      addressSize: address32 ? 4 : 2,
      repeat: (prefixes & (PREFIX_REP | PREFIX_REPNE)) !== 0,
    };
  }

  private accumulator(width: PortWidth): number {
    const { state } = this.core;
    if (width === 4) return state.reg(Register.EAX);
    return width === 2 ? state.reg16(Register.EAX) : state.reg8(Register.EAX);
  }

  private setAccumulator(width: PortWidth, value: number): void {
    const { state } = this.core;
    if (width === 4) state.setReg(Register.EAX, value);
    else if (width === 2) state.setReg16(Register.EAX, value);
    else state.setReg8(Register.EAX, value);
  }
}
