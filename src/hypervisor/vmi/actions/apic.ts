import { FEATURE_APIC } from '../../../machine/cpu/features';
import type { LocalApic } from '../../../machine/devices/apic/local-apic';
import { Register } from '../../../machine/layout';
import type { VmiActions, VmiMonitor } from '../monitor';
import { placeOfGuest } from '../place';

/** Bytes of the APIC's registers; Linux passes an offset among them, the text of 2006 a linear address. */
const REGISTERS = 0x1000;
/** Registers are 16 bytes apart. */
const REGISTER_STEP = 0x10;

/** The APIC, if this processor has one and it is not turned off. */
function localApic({ cpu, machine }: VmiMonitor): LocalApic | undefined {
  const apic = machine.pc?.localApic;
  return cpu.model.features & FEATURE_APIC && apic?.registersAt !== undefined ? apic : undefined;
}

/** Offset of the register that EAX names, or undefined where it names none, which is reported. */
function registerOffset(monitor: VmiMonitor, call: string, apic: LocalApic): number | undefined {
  const register = monitor.state.reg(Register.EAX);
  const physical = register < REGISTERS ? undefined : monitor.cpu.mmu.peek(register);
  const isOffset = register < REGISTERS;
  const isAddress = physical !== undefined && (physical & -REGISTERS) >>> 0 === apic.registersAt;
  const offset = register % REGISTERS;
  if ((isOffset || isAddress) && offset % REGISTER_STEP === 0) return offset;
  const what = `0x${register.toString(16)}, neither the offset nor the address of an APIC register`;
  monitor.report('vmi-apic-register', `${call} of ${what}, ${placeOfGuest(monitor.machine)}: ignored`);
  return undefined;
}

function reach(monitor: VmiMonitor, call: string): { apic: LocalApic; offset: number } | undefined {
  const apic = localApic(monitor);
  if (!apic) {
    const why = 'but this processor has no local APIC, or it is turned off';
    monitor.report('vmi-apic-absent', `${call}, ${placeOfGuest(monitor.machine)}, ${why}: ignored, reads 0`);
    return undefined;
  }
  const offset = registerOffset(monitor, call, apic);
  return offset === undefined ? undefined : { apic, offset };
}

/** The local APIC's registers without the detour through its page. */
export const apicActions: VmiActions = {
  APICWrite: (monitor) => {
    const target = reach(monitor, 'APICWrite');
    target?.apic.write(target.offset, 4, monitor.state.reg(Register.EDX));
  },
  APICRead: (monitor) => {
    const target = reach(monitor, 'APICRead');
    monitor.state.setReg(Register.EAX, target?.apic.read(target.offset, 4) ?? 0);
  },
};
