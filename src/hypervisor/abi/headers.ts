import { TABLE_ABIS } from './names';
import type { Gate, TableAbi } from './table';
import { renderVmiHeader } from './vmi/header';

function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase()}`;
}

function define(name: string, value: string | number, doc?: string): string {
  const line = `#define ${name.padEnd(31)} ${value}`;
  return doc === undefined ? line : `${line} /* ${doc} */`;
}

/** What a guest must know of the gate. */
function gateLines(prefix: string, gate: Gate): string[] {
  switch (gate.kind) {
    case 'vmcall':
      return [];
    case 'interrupt':
      return [define(`${prefix}_TRAP_ENTRY`, hex(gate.vector), 'vector of the software interrupt')];
    case 'backdoor-port':
      return [define(`${prefix}_PORT`, hex(gate.port)), define(`${prefix}_MAGIC`, hex(gate.magic), 'in EAX')];
  }
}

/** The C header of an ABI that is nothing but its table. It may be included from assembly. */
export function renderTableHeader(abi: TableAbi): string {
  const prefix = abi.name.toUpperCase();
  const lines = [
    `/* Hypercalls of ${abi.title} (${abi.version}), generated from the hypercall table of Ringside: do not edit. */`,
    `#ifndef ${prefix}_CALLS_H`,
    `#define ${prefix}_CALLS_H`,
    '',
    ...gateLines(prefix, abi.gate),
    ...(abi.cpuid ? [define(`${prefix}_SIGNATURE`, JSON.stringify(abi.cpuid.signature), 'CPUID: EBX, ECX, EDX')] : []),
    '',
    ...abi.calls.map(({ number, name, outcome }) =>
      define(
        `${prefix}_CALL_${name}`,
        number < 0x1000 ? number : hex(number),
        outcome === 'served' ? undefined : outcome,
      ),
    ),
    '',
    `#endif /* ${prefix}_CALLS_H */`,
  ];
  return `${lines.join('\n')}\n`;
}

/** The C headers of all hypercall ABIs for guests, by file name. */
export function renderHypercallHeaders(): Record<string, string> {
  const tables = TABLE_ABIS.map((abi) => [`${abi.name}_calls.h`, renderTableHeader(abi)]);
  return { 'vmi_calls.h': renderVmiHeader(), ...(Object.fromEntries(tables) as Record<string, string>) };
}
