import type { HypercallDefinition } from '../abi/hypercall';
import { VMI_ABI, VmiRelocation } from '../abi/vmi/abi';
import { MONITOR_STUB } from '../abi/vmi/rom';
import { VMI_ACTIONS } from './actions';
import type { VmiAction } from './monitor';
import type { VmiAnswer, VmiOptions } from './options';

/** How one call is served in a session. */
export interface VmiService {
  /** What VMI_GetRelocationInfo answers. */
  readonly answer: VmiRelocation;
  /** Code of its stub in the ROM. */
  readonly stub: readonly number[];
  /** What the hypervisor does when the stub enters it; without one it refuses the call. */
  readonly action?: VmiAction;
}

const RELOCATION_OF: Readonly<Record<VmiAnswer, VmiRelocation>> = {
  call: VmiRelocation.CALL_REL,
  jump: VmiRelocation.JUMP_REL,
  nop: VmiRelocation.NOP,
  none: VmiRelocation.NONE,
};

/** A stub that only returns. */
const RETURN_STUB: readonly number[] = [0xc3];

/** A call that is not there: should the guest make it all the same, the hypervisor refuses it and says so. */
const UNSERVED: VmiService = { answer: VmiRelocation.NONE, stub: MONITOR_STUB };

/**
 * Calls whose stub does the work itself. IRET and SYSEXIT are the least that a guest must be given: Linux leaves poison
 * where they are patched in. Entered by a jump, the frame of IRET is on top of the stack.
 */
const NATIVE_SERVICES: Readonly<Partial<Record<string, VmiService>>> = {
  IRET: { answer: VmiRelocation.JUMP_REL, stub: [0xcf] },
  SYSEXIT: { answer: VmiRelocation.JUMP_REL, stub: [0xfb, 0x0f, 0x35] },
  IODelay: { answer: VmiRelocation.NOP, stub: RETURN_STUB },
};

/** How the hypervisor serves a call if it is left to it. */
function ownService({ name }: HypercallDefinition): VmiService {
  const action = VMI_ACTIONS[name];
  if (action) return { answer: VmiRelocation.CALL_REL, stub: MONITOR_STUB, action };
  return NATIVE_SERVICES[name] ?? UNSERVED;
}

/** True if there is something behind a call. */
export function isServed(call: HypercallDefinition): boolean {
  return ownService(call) !== UNSERVED;
}

function serviceOf(call: HypercallDefinition, { answers }: VmiOptions): VmiService {
  const service = ownService(call);
  const wanted = answers[call.name];
  if (!wanted) return service;
  if (wanted === 'none' || wanted === 'nop') return { ...UNSERVED, answer: RELOCATION_OF[wanted] };
  return { ...service, answer: RELOCATION_OF[wanted] };
}

/**
 * How every call is served in a session, in the order of the table.
 * @param withheld calls that are said not to be there, although they are: `disableIoOps`
 */
export function vmiServices(
  options: VmiOptions,
  withheld: (call: HypercallDefinition) => boolean,
): readonly VmiService[] {
  return VMI_ABI.calls.map((call) => (withheld(call) ? UNSERVED : serviceOf(call, options)));
}
