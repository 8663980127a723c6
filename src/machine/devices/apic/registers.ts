/** Registers of the local APIC by offset from its base (Intel SDM vol. 3A, table 10-1). Each is 32 bits in 16 bytes. */
export const ID = 0x20;
export const VERSION = 0x30;
export const TASK_PRIORITY = 0x80;
export const ARBITRATION_PRIORITY = 0x90;
export const PROCESSOR_PRIORITY = 0xa0;
export const END_OF_INTERRUPT = 0xb0;
export const LOGICAL_DESTINATION = 0xd0;
export const DESTINATION_FORMAT = 0xe0;
export const SPURIOUS_VECTOR = 0xf0;
/** Eight registers each, 32 vectors in each. */
export const IN_SERVICE = 0x100;
export const TRIGGER_MODE = 0x180;
export const INTERRUPT_REQUEST = 0x200;
export const ERROR_STATUS = 0x280;
export const INTERRUPT_COMMAND = 0x300;
export const INTERRUPT_COMMAND_HIGH = 0x310;
export const LVT_TIMER = 0x320;
export const LVT_PERFORMANCE = 0x340;
export const LVT_LINT0 = 0x350;
export const LVT_LINT1 = 0x360;
export const LVT_ERROR = 0x370;
export const INITIAL_COUNT = 0x380;
export const CURRENT_COUNT = 0x390;
export const DIVIDE_CONFIGURATION = 0x3e0;

/** Bits of a local vector table entry that can be written (Intel SDM vol. 3A, figure 10-8). */
export const LVT_WRITABLE: ReadonlyMap<number, number> = new Map([
  [LVT_TIMER, 0x300ff],
  [LVT_PERFORMANCE, 0x107ff],
  [LVT_LINT0, 0x1a7ff],
  [LVT_LINT1, 0x1a7ff],
  [LVT_ERROR, 0x100ff],
]);
export const LVT_MASKED = 0x10000;
export const LVT_PERIODIC = 0x20000;

/** Delivery modes, bits 8-10 of table entries and of the interrupt command. */
export enum Delivery {
  Fixed = 0,
  LowestPriority = 1,
  Nmi = 4,
  Init = 5,
  StartUp = 6,
  ExternalInterrupt = 7,
}

export const deliveryOf = (entry: number): Delivery => (entry >>> 8) & 7;
