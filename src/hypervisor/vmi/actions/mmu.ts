import { Register } from '../../../machine/layout';
import { stackArgument } from '../arguments';
import { PAGE_CLONE } from '../mmu/flags';
import type { VmiActions } from '../monitor';

const { EAX, ECX, EDX } = Register;

/** Paging: VMI-ABI section 6, calls 38 to 48 and 73. */
export const mmuActions: VmiActions = {
  SetPxE: ({ state, mmu }, _context, { name }) => {
    mmu.setEntry(name, state.reg(EDX), false, { low: state.reg(EAX), high: 0 }, state.reg(ECX));
  },
  SetPxELong: (monitor, _context, { name }) => {
    const { state, mmu } = monitor;
    const value = { low: state.reg(EAX), high: state.reg(EDX) };
    mmu.setEntry(name, state.reg(ECX), true, value, stackArgument(monitor, 0));
  },
  UpdatePxE: ({ state, mmu }, _context, { name }) => mmu.updateEntry(name, state.reg(EAX), false, state.reg(EDX)),
  UpdatePxELong: ({ state, mmu }, _context, { name }) => mmu.updateEntry(name, state.reg(EAX), true, state.reg(EDX)),
  AllocatePage: (monitor) => {
    const { state, mmu } = monitor;
    const flags = state.reg(EDX);
    const clone = flags & PAGE_CLONE && {
      frame: state.reg(ECX),
      start: stackArgument(monitor, 0),
      count: stackArgument(monitor, 1),
    };
    mmu.allocate(state.reg(EAX), flags, clone || undefined);
  },
  ReleasePage: ({ state, mmu }) => mmu.release(state.reg(EAX), state.reg(EDX)),
  InvalPage: ({ state, mmu }) => mmu.invalidate(state.reg(EAX)),
  FlushTLB: ({ state, mmu }) => mmu.flush(state.reg(EAX)),
  SetLinearMapping: (monitor) => {
    const { state, mmu } = monitor;
    mmu.setLinearMapping(state.reg(EAX), state.reg(EDX), state.reg(ECX), stackArgument(monitor, 0));
  },
  SetLazyMode: ({ state, mmu }) => mmu.setLazyMode(state.reg(EAX)),
};
