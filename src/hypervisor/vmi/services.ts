import type { HypercallDefinition } from '../abi/hypercall';
import { VMI_ABI, VmiRelocation } from '../abi/vmi/abi';
import { MONITOR_STUB } from '../abi/vmi/rom';
import { VMI_ACTIONS } from './actions';
import type { VmiAction } from './monitor';
import { DEFAULT_VMI_OPTIONS, type VmiAnswer, type VmiOptions } from './options';

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

/** IODelay is of no use on virtual hardware, whatever the level. */
const NOTHING: VmiService = { answer: VmiRelocation.NOP, stub: RETURN_STUB };

/**
 * The returns from the kernel are entered by a jump, with the frame on top of the stack. A guest must be given both:
 * Linux leaves poison where they are patched in.
 */
const ENTERED_BY_JUMP: readonly string[] = ['IRET', 'SYSEXIT'];

/** Their stubs for a kernel at level 0, where the instruction itself does the work. */
const NATIVE_RETURNS: Readonly<Partial<Record<string, readonly number[]>>> = {
  IRET: [0xcf],
  SYSEXIT: [0xfb, 0x0f, 0x35],
};
/** ADD ESP, 4: drops the return address that a call has put above the frame. IRET loads the flags in any case. */
const DROP_RETURN_ADDRESS: readonly number[] = [0x83, 0xc4, 0x04];

function nativeReturn(code: readonly number[], name: string, { answers }: VmiOptions): VmiService {
  const called = name === 'IRET' && answers[name] === 'call';
  return { answer: VmiRelocation.JUMP_REL, stub: called ? [...DROP_RETURN_ADDRESS, ...code] : code };
}

/** How the hypervisor serves a call if it is left to it. */
function ownService({ name }: HypercallDefinition, options: VmiOptions): VmiService {
  if (name === 'IODelay') return NOTHING;
  const native = NATIVE_RETURNS[name];
  if (native && options.privilege === 0) return nativeReturn(native, name, options);
  const action = VMI_ACTIONS[name];
  if (!action) return UNSERVED;
  const answer = ENTERED_BY_JUMP.includes(name) ? VmiRelocation.JUMP_REL : VmiRelocation.CALL_REL;
  return { answer, stub: MONITOR_STUB, action };
}

/** True if there is something behind a call. */
export function isServed(call: HypercallDefinition): boolean {
  return ownService(call, DEFAULT_VMI_OPTIONS) !== UNSERVED;
}

function serviceOf(call: HypercallDefinition, options: VmiOptions): VmiService {
  const service = ownService(call, options);
  const wanted = options.answers[call.name];
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
