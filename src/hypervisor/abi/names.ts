import { allCalls, findCall, type HypercallAbi, type HypercallDefinition } from './hypercall';
import { KVM_ABI } from './kvm';
import { LGUEST_ABI } from './lguest';
import type { ModeName } from '../modes/mode-name';
import type { TableAbi } from './table';
import { signatureOf } from './values';
import { VMWARE_ABI } from './vmware';
import { VMI_ABI } from './vmi/abi';

/** ABIs that are nothing but their table. A new ABI is added here. */
export const TABLE_ABIS: readonly TableAbi[] = [KVM_ABI, LGUEST_ABI, VMWARE_ABI];

/** All hypercall ABIs that Ringside serves. */
export const HYPERCALL_ABIS: readonly HypercallAbi[] = [VMI_ABI, ...TABLE_ABIS];

/** Short names of the ABIs that a guest can be offered in a mode. VMI is the ABI of its mode, and always there. */
export function abisOfMode(mode: ModeName): string[] {
  const tables = TABLE_ABIS.filter(({ modes }) => modes.includes(mode)).map(({ name }) => name);
  return mode === 'vmi' ? [VMI_ABI.name, ...tables] : tables;
}

/** A hypercall that a breakpoint spec may name. */
export interface HypercallName {
  readonly abi: HypercallAbi;
  readonly call: HypercallDefinition;
}

/**
 * The calls that a breakpoint spec names: `OUTB`, `56`, `vmi:OUTB` or `*`. Letter case is ignored.
 * @throws RangeError that says what is unknown
 */
export function resolveHypercalls(spec: string): HypercallName[] {
  const colon = spec.indexOf(':');
  const abiName = colon < 0 ? '' : spec.slice(0, colon).toLowerCase();
  const callName = spec.slice(colon + 1);
  const abis = abiName ? HYPERCALL_ABIS.filter((abi) => abi.name === abiName) : HYPERCALL_ABIS;
  if (abis.length === 0) {
    const known = HYPERCALL_ABIS.map((abi) => abi.name).join(', ');
    throw new RangeError(`there is no hypercall ABI '${abiName}': use one of ${known}`);
  }
  if (callName === '*') return abis.flatMap((abi) => allCalls(abi).map((call) => ({ abi, call })));
  const found = abis.flatMap((abi) => {
    const call = findCall(abi, callName);
    return call ? [{ abi, call }] : [];
  });
  if (found.length > 0) return found;
  const where = abis.map((abi) => `${abi.title} ${abi.version}`).join(', ');
  throw new RangeError(`there is no hypercall '${callName}' in ${where}: give a name such as OUTB, a number, or *`);
}

/** A call by the short name of its ABI and its own; undefined for one of another version of Ringside. */
export function callOf(abiName: string, callName: string): HypercallDefinition | undefined {
  const abi = HYPERCALL_ABIS.find(({ name }) => name === abiName);
  return abi && allCalls(abi).find(({ name }) => name === callName);
}

/** The call of a record. A number that the ABI does not have is the first of its values. */
export function recordedCall({ abi, hypercall, values }: RecordedCall): HypercallDefinition | undefined {
  const call = callOf(abi, hypercall);
  const isUnknown = HYPERCALL_ABIS.some(({ unknown }) => unknown !== undefined && unknown === call);
  return call && isUnknown ? { ...call, number: values[0] } : call;
}

/** What a record of an exit says of the hypercall. */
interface RecordedCall {
  readonly abi: string;
  readonly hypercall: string;
  readonly values: ArrayLike<number>;
}

/** A hypercall name offered while a spec is typed. */
export interface HypercallCompletion {
  readonly label: string;
  readonly detail: string;
  readonly doc: string;
}

/** All calls whose name, or `ABI:NAME`, begins with what was typed; letter case is ignored. A name of several ABIs comes once. */
export function completeHypercalls(typed: string): HypercallCompletion[] {
  const prefix = typed.toLowerCase();
  const completions = HYPERCALL_ABIS.flatMap((abi) =>
    allCalls(abi).flatMap((call) => {
      const qualified = `${abi.name}:${call.name}`;
      const label = [call.name, qualified].find((name) => name.toLowerCase().startsWith(prefix));
      return label === undefined ? [] : [{ label, detail: signatureOf(call), doc: call.doc }];
    }),
  );
  return completions.filter(({ label }, index) => completions.findIndex((other) => other.label === label) === index);
}
