import { IO_CALLS } from '../../abi/vmi/io';
import { portAction } from '../../port-action';
import type { VmiActions } from '../monitor';

/** INL to OUTSW: the calls that stand for port I/O. */
export const portIoActions: VmiActions = Object.fromEntries(
  IO_CALLS.map(({ name }) => [name, (_monitor, context, call) => portAction(context, call)]),
);
