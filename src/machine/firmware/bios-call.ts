import type { Segmentation } from '../cpu/segmentation';
import type { CpuState } from '../cpu/state';
import { FLAG_CF, FLAG_ZF, Register, SegmentIndex } from '../layout';
import type { PhysicalMemory } from '../memory/physical';
import { WAIT_OFFSET } from './rom';

/** Place of FLAGS above SS:SP in the frame of an INT instruction. */
const FLAGS_OFFSET = 4;

/**
 * The caller of a BIOS service: its registers, and the FLAGS that it gets back with IRET. Segments are real-mode ones;
 * linear addresses are taken for physical, as they are in real mode and for V86 monitors that map low memory one to one.
 */
export class BiosCall {
  constructor(
    readonly state: CpuState,
    private readonly segmentation: Segmentation,
    readonly memory: PhysicalMemory,
  ) {}

  get ax(): number {
    return this.state.reg16(Register.EAX);
  }
  set ax(value: number) {
    this.state.setReg16(Register.EAX, value);
  }
  get bx(): number {
    return this.state.reg16(Register.EBX);
  }
  set bx(value: number) {
    this.state.setReg16(Register.EBX, value);
  }
  get cx(): number {
    return this.state.reg16(Register.ECX);
  }
  set cx(value: number) {
    this.state.setReg16(Register.ECX, value);
  }
  get dx(): number {
    return this.state.reg16(Register.EDX);
  }
  set dx(value: number) {
    this.state.setReg16(Register.EDX, value);
  }
  get si(): number {
    return this.state.reg16(Register.ESI);
  }
  get di(): number {
    return this.state.reg16(Register.EDI);
  }
  set di(value: number) {
    this.state.setReg16(Register.EDI, value);
  }
  get bp(): number {
    return this.state.reg16(Register.EBP);
  }

  get al(): number {
    return this.state.reg8(0);
  }
  set al(value: number) {
    this.state.setReg8(0, value);
  }
  get cl(): number {
    return this.state.reg8(1);
  }
  set cl(value: number) {
    this.state.setReg8(1, value);
  }
  get dl(): number {
    return this.state.reg8(2);
  }
  set dl(value: number) {
    this.state.setReg8(2, value);
  }
  get bl(): number {
    return this.state.reg8(3);
  }
  set bl(value: number) {
    this.state.setReg8(3, value);
  }
  get ah(): number {
    return this.state.reg8(4);
  }
  set ah(value: number) {
    this.state.setReg8(4, value);
  }
  get ch(): number {
    return this.state.reg8(5);
  }
  set ch(value: number) {
    this.state.setReg8(5, value);
  }
  get dh(): number {
    return this.state.reg8(6);
  }
  set dh(value: number) {
    this.state.setReg8(6, value);
  }
  get bh(): number {
    return this.state.reg8(7);
  }
  set bh(value: number) {
    this.state.setReg8(7, value);
  }

  get eax(): number {
    return this.state.reg(Register.EAX);
  }
  set eax(value: number) {
    this.state.setReg(Register.EAX, value);
  }
  get ebx(): number {
    return this.state.reg(Register.EBX);
  }
  set ebx(value: number) {
    this.state.setReg(Register.EBX, value);
  }
  get ecx(): number {
    return this.state.reg(Register.ECX);
  }
  set ecx(value: number) {
    this.state.setReg(Register.ECX, value);
  }
  get edx(): number {
    return this.state.reg(Register.EDX);
  }

  /** Address of an offset in DS or ES. */
  ds(offset: number): number {
    return (this.state.segmentBase(SegmentIndex.DS) + offset) >>> 0;
  }
  es(offset: number): number {
    return (this.state.segmentBase(SegmentIndex.ES) + offset) >>> 0;
  }

  /** Loads ES for the caller: real-mode selector and base. */
  setEs(selector: number): void {
    this.segmentation.setReal(SegmentIndex.ES, selector);
  }

  setCarry(on: boolean): void {
    this.setFlag(FLAG_CF, on);
  }

  setZero(on: boolean): void {
    this.setFlag(FLAG_ZF, on);
  }

  /** Ends the service with CF clear and AH zero. */
  succeed(): void {
    this.ah = 0;
    this.setCarry(false);
  }

  /** Ends the service with CF set and a code in AH. */
  fail(code: number): void {
    this.ah = code;
    this.setCarry(true);
  }

  /** Lets interrupts in and calls the service again: it can't be done yet. Only for handlers whose ROM code waits. */
  wait(): void {
    this.state.eip = (this.state.eipStart + WAIT_OFFSET) & 0xffff;
  }

  private setFlag(flag: number, on: boolean): void {
    const sp = this.state.reg16(Register.ESP);
    const address = this.state.segmentBase(SegmentIndex.SS) + ((sp + FLAGS_OFFSET) & 0xffff);
    const flags = this.memory.read(address, 2);
    this.memory.write(address, 2, on ? flags | flag : flags & ~flag);
  }
}
