import type { Intercepts } from '../../machine/cpu/intercepts';
import type { AbiHost, TableAbi } from '../abi/table';
import { hypervisorCpuid } from '../cpuid';
import { TableServer } from '../table-server';
import { backdoorGate } from './backdoor-port';
import type { GateParts } from './gate';
import { interruptGate } from './interrupt';
import { vmcallGate } from './vmcall';

/** The hooks that gates use. */
type GateHooks = Pick<Intercepts, 'monitorCall' | 'softwareInterrupts' | 'backdoor' | 'cpuid' | 'readMsr' | 'writeMsr'>;

/** The first answer that is not undefined. */
function firstOf<T>(servers: readonly TableServer[], ask: (server: TableServer) => T | undefined): T | undefined {
  for (const server of servers) {
    const answer = ask(server);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/**
 * Opens the gates of ABIs to the guest.
 * @param romCall answers VMCALLs in a ROM of the hypervisor's, if there is one
 */
export function installGates(
  abis: readonly TableAbi[],
  host: AbiHost,
  parts: Omit<GateParts, 'server'>,
  romCall: (() => boolean) | undefined,
): GateHooks {
  const servers = abis.map((abi) => new TableServer(abi, host));
  const hooks: { -readonly [K in keyof GateHooks]: GateHooks[K] } = {};
  const interrupts: Partial<Record<number, () => boolean>> = {};
  hooks.monitorCall = romCall;
  for (const server of servers) {
    parts.dispatcher.add(server);
    const gateParts = { ...parts, server };
    const { gate } = server.abi;
    switch (gate.kind) {
      case 'vmcall': {
        const enter = vmcallGate(gateParts);
        hooks.monitorCall = romCall ? () => romCall() || enter() : enter;
        break;
      }
      case 'interrupt':
        interrupts[gate.vector] = interruptGate(gateParts);
        hooks.softwareInterrupts = interrupts;
        break;
      case 'backdoor-port':
        hooks.backdoor = backdoorGate(gate, gateParts);
        break;
    }
  }
  const withRegisters = servers.filter(({ registers }) => registers.readMsr ?? registers.writeMsr);
  if (withRegisters.length > 0) {
    hooks.readMsr = (index) => firstOf(withRegisters, ({ registers }) => registers.readMsr?.(index));
    hooks.writeMsr = (index, value) =>
      withRegisters.some(({ registers }) => registers.writeMsr?.(index, value) ?? false);
  }
  hooks.cpuid = hypervisorCpuid(abis);
  return hooks;
}
