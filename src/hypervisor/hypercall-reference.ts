import type { Clobbers, HypercallAbi, HypercallDefinition, HypercallValue } from './abi/hypercall';
import { HYPERCALL_ABIS, TABLE_ABIS } from './abi/names';
import type { Gate, TableAbi } from './abi/table';
import { VMI_ABI, VmiRelocation } from './abi/vmi/abi';
import { DEFAULT_VMI_OPTIONS } from './vmi/options';
import { vmiServices } from './vmi/services';

const INTRODUCTION = `# Hypercalls

<!-- Written by \`npm run docs:hypercalls\` from the tables in src/hypervisor/abi: do not edit. -->

Every hypercall ABI that Ringside serves, call by call. How they are offered to a guest is in [hypervisor.md](hypervisor.md); a
breakpoint spec names a call as \`hypercall NAME\`, \`hypercall ABI:NAME\` or \`hypercall ABI:NUMBER\`, and its arguments by the
names in the second column.

A call keeps all registers and flags but its results, unless *Lost* says more: *std* is EAX, ECX, EDX and the arithmetic flags,
*flags* the arithmetic flags.

| Status | |
| --- | --- |
| served | the hypervisor carries it out |
| nothing | it succeeds; there is nothing to do |
| refused | the guest is told that it is not there |
`;

const hex = (value: number): string => `0x${value.toString(16)}`;

/** Text within a cell of a table. */
const cell = (text: string): string => text.replaceAll('|', '\\|');

const NAMES_OF_CLOBBERS: Readonly<Record<Clobbers, string>> = { standard: 'std', flags: 'flags', none: '' };

function place({ name, at, doc }: HypercallValue): string {
  const where = at.startsWith('stack') ? at : at.toUpperCase().replace('.HIGH', '[31:16]');
  return doc === undefined ? `\`${name}\` ${where}` : `\`${name}\` ${where} (${doc})`;
}

const places = (values: readonly HypercallValue[]): string => values.map(place).join(', ');

/** What a row says of a call beside what is in its definition. */
interface Remarks {
  readonly status: string;
  readonly faults?: string;
}

function rows(calls: readonly HypercallDefinition[], remarksOf: (call: HypercallDefinition) => Remarks): string[] {
  const withFaults = calls.some((call) => remarksOf(call).faults !== undefined);
  const header = [
    'No.',
    'Call and arguments',
    'Results',
    'Lost',
    'Status',
    'What it does',
    ...(withFaults ? ['Faults'] : []),
  ];
  const lines = calls.map((call) => {
    const { status, faults = '' } = remarksOf(call);
    const number = call.number < 0 ? '' : call.number < 0x1000 ? String(call.number) : hex(call.number);
    const name = [`**${call.name}**`, places(call.arguments)].filter(Boolean).join(' ');
    const results = call.noReturn ? 'no return' : places(call.results);
    const cells = [number, name, results, NAMES_OF_CLOBBERS[call.clobbers], status, call.doc];
    return [...cells, ...(withFaults ? [faults] : [])].map(cell);
  });
  return [header, header.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`);
}

function gateText({ name, gate }: TableAbi): string {
  const texts: { readonly [K in Gate['kind']]: (gate: Extract<Gate, { kind: K }>) => string } = {
    vmcall: () =>
      '`VMCALL` (0F 01 C1) or `VMMCALL` (0F 01 D9), with the number in EAX. Exits have the reason `VMCALL`. The instruction ' +
      'is left as it is, whichever of the two it be.',
    interrupt: ({ vector }) =>
      `\`INT ${hex(vector)}\` in protected mode, with the number in EAX. Exits have the reason \`INT\`. In real and V86 mode the ` +
      'vector belongs to the guest.',
    'backdoor-port': ({ port, magic }) =>
      `\`IN EAX, DX\` or \`OUT DX, EAX\` at port ${hex(port)} with ${hex(magic)} in EAX and the number in CX, from any ` +
      'privilege, whatever IOPL and the I/O map say. Exits have the reason `IO`. With anything else in EAX, in another width ' +
      'or as a string it is an ordinary access to a port.',
  };
  const describe = texts[gate.kind] as (gate: Gate) => string;
  return `**How to call.** ${describe(gate)} Offered in ${modesText(name)}.`;
}

function modesText(name: string): string {
  const modes = TABLE_ABIS.find((abi) => abi.name === name)?.modes ?? [];
  return modes.length === 1 ? `mode \`${modes[0]}\`` : `the modes ${modes.map((mode) => `\`${mode}\``).join(', ')}`;
}

function detectionText({ cpuid, calls }: TableAbi): string {
  const first = calls.find(({ io }) => io !== undefined);
  const ports =
    first &&
    `The port I/O calls from ${hex(first.number)} on are Ringside's own: leaf N of the CPUID block with the signature ` +
      `\`RingsideIO\` has that number in EAX and the short name of the ABI in EBX, ECX, EDX, if it is the N-th one offered.`;
  const leaves =
    cpuid &&
    `CPUID has the signature \`${cpuid.signature}\` at 0x40000000, or a multiple of 0x100 further on if other ABIs are named ` +
      'before it; bit 31 of CPUID.1:ECX is set.';
  return `**How to find it.** ${[leaves ?? 'It has no CPUID leaf of its own.', ports].filter(Boolean).join(' ')}`;
}

function tableSection(abi: TableAbi): string[] {
  const all = [...abi.calls, abi.unknown];
  return [
    gateText(abi),
    '',
    detectionText(abi),
    '',
    ...rows(all, (call) => {
      const row = all.find((candidate) => candidate === call);
      return { status: row?.outcome ?? '', faults: row?.faults };
    }),
    '',
    `Sources: ${abi.sources}.`,
  ];
}

const VMI_STATUS: Readonly<Record<VmiRelocation, string>> = {
  [VmiRelocation.CALL_REL]: 'served',
  [VmiRelocation.JUMP_REL]: 'served, by a jump',
  [VmiRelocation.NOP]: 'nothing',
  [VmiRelocation.NONE]: 'refused',
};

function vmiSection(): string[] {
  const services = vmiServices(DEFAULT_VMI_OPTIONS, () => false);
  return [
    '**How to call.** A near call, in 32-bit protected mode and not from user mode, to where VMI_GetRelocationInfo says that the',
    'code of the call is: in the ROM, which is executed in place. Exits have the reason `VMCALL`. Offered in mode `vmi`.',
    '',
    '**How to find it.** An option ROM in C0000-DFFFF, see [hypervisor.md](hypervisor.md). *Refused* is answered by',
    'VMI_RELOCATION_NONE, *nothing* by VMI_RELOCATION_NOP; `hypervisor.vmi.answers` changes that.',
    '',
    '**Faults.** #UD before VMI_Init, for a call that is refused, and outside 32-bit protected mode; #GP(0) from user mode; else',
    'those of the instruction that the call stands for.',
    '',
    ...rows([...VMI_ABI.entries, ...VMI_ABI.calls], ({ number }) => ({
      status: number < 0 ? 'served' : VMI_STATUS[services[number].answer],
    })),
    '',
    'Sources: Linux 2.6.21 to 2.6.36 vmi.h and vmi_32.c; VMware: Paravirtualization API Version 2.0, 2006; Z. Amsden: Add I/O',
    'hypercalls for i386 paravirt, LKML, 2007-08-22.',
  ];
}

function section(abi: HypercallAbi): string[] {
  const table = TABLE_ABIS.find((candidate) => candidate === abi);
  return [`## ${abi.title} (\`${abi.name}\`, ${abi.version})`, '', ...(table ? tableSection(table) : vmiSection()), ''];
}

/** The page of documentation on all hypercall ABIs, in Markdown. */
export function renderHypercallReference(): string {
  return `${INTRODUCTION}\n${HYPERCALL_ABIS.flatMap(section).join('\n')}`;
}
