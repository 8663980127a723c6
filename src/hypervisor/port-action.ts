import type { HypercallAction } from './abi/hypercall';
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
