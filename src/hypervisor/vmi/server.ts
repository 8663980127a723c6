import { Fault, Vector } from '../../machine/cpu/fault';
import type { CpuState } from '../../machine/cpu/state';
import * as layout from '../../machine/layout';
import { Register } from '../../machine/layout';
import {
  type HypercallAction,
  type HypercallContext,
  type HypercallDefinition,
  type PlacedServer,
  RefusedCall,
} from '../abi/hypercall';
import { VMI_ABI, VMI_GET_RELOCATION_INFO, VMI_INIT, VmiRelocation } from '../abi/vmi/abi';
import {
  buildVmiRom,
  callAtOffset,
  stubOffset,
  VMI_GET_RELOC_OFFSET,
  VMI_INIT_OFFSET,
  VMI_ROM_ADDRESS,
} from '../abi/vmi/rom';
import type { MonitorState, VmiMonitor } from './monitor';
import { hazardOf } from './answer-hazards';
import { deprivilege } from './deprivileging/deprivilege';
import { type VmiService, vmiServices } from './services';

/** Answer of VMI_Init: anything but this makes the guest stay native. */
const INIT_SUCCESS = 0;

/** What the server remembers, for snapshots. */
interface VmiServerState {
  readonly initialised: boolean;
  readonly monitor: MonitorState;
}

/** VMI at work: puts the ROM into the machine, knows calls by their place in it, answers the two entries. */
export class VmiServer implements PlacedServer {
  readonly abi = VMI_ABI;
  private readonly state: CpuState;
  private readonly services: readonly VmiService[];
  /** What the dispatcher is given for each service, made once. */
  private readonly actions: readonly (HypercallAction | undefined)[];
  /** Calls by their place in the ROM. */
  private readonly calls: readonly (HypercallDefinition | undefined)[];
  private readonly romStart: number;
  private readonly romLength: number;
  /** Linear address at which the guest executes the ROM, as of the call being served. */
  private romLinear = 0;
  private initialised = false;

  /**
   * @param withheld calls that are answered as not implemented, although they are: `disableIoOps`
   * @throws RangeError if there is no room for the ROM
   */
  constructor(
    private readonly monitor: VmiMonitor,
    withheld: (call: HypercallDefinition) => boolean,
  ) {
    const { memory } = monitor.machine;
    this.state = monitor.state;
    this.services = vmiServices(monitor.options, withheld);
    this.actions = this.services.map(({ action }) => action && ((context, call) => action(monitor, context, call)));
    const rom = buildVmiRom({
      stubOf: ({ number }) => this.services[number].stub,
      virtualTop: monitor.options.virtualTop,
    });
    memory.mapRom(rom, [VMI_ROM_ADDRESS]);
    this.romStart = memory.hostPointer(VMI_ROM_ADDRESS);
    this.romLength = rom.length;
    this.calls = Array.from(rom, (_, offset) => callAt(offset));
  }

  identify(pointer: number, linear: number): HypercallDefinition | undefined {
    const offset = pointer - this.romStart;
    if (offset < 0 || offset >= this.romLength) return undefined;
    this.romLinear = (linear - offset) >>> 0;
    return this.calls[offset];
  }

  /**
   * The kernel alone may call, from 32-bit code: user mode would get around IOPL and the I/O bitmap. All but the two
   * entries must wait for VMI_Init.
   */
  admit(call: HypercallDefinition): HypercallAction {
    const { state } = this;
    if (!state.protectedMode || state.v86 || state.get(layout.CODE_32) === 0) {
      throw undefinedOpcode('vmi-mode', `VMI call ${call.name} outside 32-bit protected mode: #UD`);
    }
    if (state.cpl === 3) {
      throw new RefusedCall(new Fault(Vector.GP, 0), 'vmi-user', `VMI call ${call.name} from user mode: #GP(0)`);
    }
    if (call === VMI_INIT) return this.init;
    if (call === VMI_GET_RELOCATION_INFO) return this.getRelocationInfo;
    if (!this.initialised) {
      throw undefinedOpcode('vmi-before-init', `VMI call ${call.name} before VMI_Init: #UD`);
    }
    const action = this.actions[call.number];
    if (!action) {
      const message = `VMI call ${call.name} is not served, as VMI_GetRelocationInfo says: #UD`;
      throw undefinedOpcode(`vmi-unserved-${call.name}`, message);
    }
    return action;
  }

  reset(): void {
    this.initialised = false;
    this.romLinear = 0;
    this.monitor.reset();
  }

  save(): VmiServerState {
    return { initialised: this.initialised, monitor: this.monitor.save() };
  }

  load(state: unknown): void {
    const { initialised, monitor } = state as VmiServerState;
    this.initialised = initialised;
    this.monitor.load(monitor);
  }

  private readonly init: HypercallAction = (context) => {
    const { state } = context;
    if (this.initialised)
      context.report('vmi-init-again', 'VMI_Init once more: the guest is deprivileged again as it is now');
    if (this.monitor.options.privilege > 0) deprivilege(this.monitor);
    this.initialised = true;
    state.setReg(Register.EAX, INIT_SUCCESS);
  };

  private readonly getRelocationInfo: HypercallAction = (context) => {
    const number = context.state.reg(Register.EAX);
    const service = this.services[number] as VmiService | undefined;
    if (!this.initialised) {
      context.report('vmi-relocation-early', 'VMI_GetRelocationInfo before VMI_Init: every call is answered NONE');
    } else if (!service) {
      context.report(
        'vmi-unknown-call',
        `the guest asked for VMI call 0x${number.toString(16)}, which API ${VMI_ABI.version} does not have: NONE`,
      );
    }
    const type = this.initialised && service ? service.answer : VmiRelocation.NONE;
    this.warn(context, number);
    const eip = type === VmiRelocation.NONE ? 0 : (this.romLinear + stubOffset(number)) >>> 0;
    context.state.setReg(Register.EAX, eip);
    context.state.setReg(Register.EDX, type);
  };

  /** Tells the user, when the guest asks, of an answer that the session has chosen and Linux does not survive. */
  private warn(context: HypercallContext, number: number): void {
    const call = VMI_ABI.calls[number] as HypercallDefinition | undefined;
    const answer = call && this.monitor.options.answers[call.name];
    const hazard = answer && hazardOf(call.name, answer);
    if (hazard) context.report(`vmi-answer-${call.name}`, hazard);
  }
}

function callAt(offset: number): HypercallDefinition | undefined {
  if (offset === VMI_INIT_OFFSET) return VMI_INIT;
  if (offset === VMI_GET_RELOC_OFFSET) return VMI_GET_RELOCATION_INFO;
  const number = callAtOffset(offset);
  return number === undefined ? undefined : VMI_ABI.calls[number];
}

function undefinedOpcode(kind: string, message: string): RefusedCall {
  return new RefusedCall(new Fault(Vector.UD), kind, message);
}
