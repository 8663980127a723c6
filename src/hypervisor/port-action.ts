import type { HypercallAction, HypercallDefinition, ValueLocation } from './abi/hypercall';
import { readRegister } from './abi/values';
import type { CpuState } from '../machine/cpu/state';
import { Register } from '../machine/layout';
import { accumulator, setAccumulator } from './accumulator';

/** Carries out a call that stands for IN, OUT, INS or OUTS, as its row (`io`) has it, whatever the ABI. */
export const portAction: HypercallAction = (context, { io }) => {
  if (!io) return;
  const { direction, width } = io;
  const { state } = context;
  // The C argument is an int, the hardware's port number is DX.
  const port = state.reg16(Register.EDX);
  if (io.string) context.portString(direction, width, port);
  else if (direction === 'in') setAccumulator(state, width, context.port('in', width, port, 0));
  else context.port('out', width, port, accumulator(state, width));
};

/** Registers in which an ABI may have the number of a string's elements. */
const COUNTERS: Partial<Record<ValueLocation, Register>> = { ecx: Register.ECX, ebx: Register.EBX };

/**
 * The same for an ABI with registers of its own, as the rows of `portCalls` have them: port, then value, or address and
 * count. EAX gets what comes in, extended with zeroes, or 0 once everything is done.
 */
export const tablePortAction: HypercallAction = (context, call) => {
  if (!call.io) return;
  const { direction, width, string } = call.io;
  const { state } = context;
  const port = argument(state, call, 0);
  if (string) {
    const counter = COUNTERS[call.arguments[2].at];
    // While elements are left the call is made again: its number must still be there.
    if (context.portString(direction, width, port, counter)) state.setReg(Register.EAX, 0);
  } else if (direction === 'in') {
    state.setReg(Register.EAX, context.port('in', width, port, 0));
  } else {
    context.port('out', width, port, argument(state, call, 1));
    state.setReg(Register.EAX, 0);
  }
};

function argument(state: CpuState, call: HypercallDefinition, index: number): number {
  return readRegister(state, call.arguments[index].at);
}
