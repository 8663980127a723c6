import * as vscode from 'vscode';
import { FAULT_VECTORS } from '../../debugger/specs/fault-names';
import { allCalls } from '../../hypervisor/abi/hypercall';
import { HYPERCALL_ABIS } from '../../hypervisor/abi/names';
import { portText } from '../views/access-rows';
import { type Draft, type DraftKind, draftOf, draftProblem, draftText, emptyDraft, isPortDraft } from './draft';
import type { KnownPorts } from './known-ports';
import { callName, specBreakpoints, tryParse } from './spec-breakpoints';

type Choice<T> = vscode.QuickPickItem & { value: T };

const KINDS: Choice<DraftKind>[] = [
  {
    label: '$(plug) Port, either direction',
    description: 'io',
    detail: 'IN and OUT, trapped or by hypercall',
    value: 'io',
  },
  {
    label: '$(arrow-right) Port, written',
    description: 'out',
    detail: 'OUT, OUTS and the hypercalls that replace them',
    value: 'out',
  },
  {
    label: '$(arrow-left) Port, read',
    description: 'in',
    detail: 'IN, INS and the hypercalls that replace them',
    value: 'in',
  },
  {
    label: '$(zap) Hypercall',
    description: 'hypercall',
    detail: 'By its name in the interface, with its decoded arguments',
    value: 'hypercall',
  },
  { label: '$(error) Exception', description: 'fault', detail: '#GP, #PF, triple fault …', value: 'fault' },
  {
    label: '$(bell) Interrupt line',
    description: 'irq',
    detail: 'When the processor takes the interrupt',
    value: 'irq',
  },
  { label: '$(symbol-operator) Instruction', description: 'insn', detail: 'hlt, cpuid, mov-cr3 …', value: 'insn' },
  {
    label: '$(terminal) Serial text',
    description: 'serial',
    detail: 'When the guest has sent this text',
    value: 'serial',
  },
];

const TARGET_PROMPTS: Record<DraftKind, { prompt: string; placeHolder: string }> = {
  io: { prompt: 'A port number, a register name, or a range', placeHolder: '0x3f8, COM1.THR, 0x1f0-0x1f7' },
  in: { prompt: 'A port number, a register name, or a range', placeHolder: '0x3fd, COM1.LSR, 0x1f0-0x1f7' },
  out: { prompt: 'A port number, a register name, or a range', placeHolder: '0x3f8, COM1.THR, 0x1f0-0x1f7' },
  hypercall: { prompt: 'A name, a number, ABI:NAME, or * for any', placeHolder: 'OUTB, 56, vmi:OUTB, *' },
  fault: { prompt: 'An exception, or triple', placeHolder: '#GP, #PF, triple' },
  irq: { prompt: 'A line from 0 to 15, or *', placeHolder: '4' },
  insn: { prompt: 'An instruction', placeHolder: 'hlt, cpuid, mov-cr3' },
  serial: { prompt: 'A UART and the text in double quotes', placeHolder: 'com1 "login:"' },
};

/** Asks for a port or hypercall breakpoint part by part and adds it to VS Code's Breakpoints view. */
export async function addSpecBreakpoint(ports: KnownPorts, start?: Draft): Promise<void> {
  const draft = start ?? (await askKindAndTarget(ports));
  if (!draft || !(await refine(ports, draft, 'Add'))) return;
  vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(draftText(draft))]);
}

/** Lets the user choose one of the port and hypercall breakpoints and change it. */
export async function editSpecBreakpoint(ports: KnownPorts): Promise<void> {
  const choices = specBreakpoints().map(({ breakpoint }) => ({
    label: `$(${breakpoint.enabled ? 'debug-breakpoint-function' : 'debug-breakpoint-function-disabled'}) ${breakpoint.functionName}`,
    value: breakpoint,
  }));
  if (choices.length === 0) {
    const add = 'Add One…';
    const answer = await vscode.window.showInformationMessage('There is no port or hypercall breakpoint yet.', add);
    if (answer === add) await addSpecBreakpoint(ports);
    return;
  }
  const picked = await vscode.window.showQuickPick(choices, { title: 'Edit Port or Hypercall Breakpoint' });
  if (!picked) return;
  const old = picked.value;
  const spec = tryParse(old.functionName);
  const draft = spec && draftOf(spec);
  if (!draft) {
    void vscode.window.showInformationMessage(`"${old.functionName}" is edited in the Breakpoints view.`);
    return;
  }
  if (!(await refine(ports, draft, 'Save'))) return;
  vscode.debug.removeBreakpoints([old]);
  vscode.debug.addBreakpoints([
    new vscode.FunctionBreakpoint(draftText(draft), old.enabled, old.condition, old.hitCondition),
  ]);
}

async function askKindAndTarget(ports: KnownPorts): Promise<Draft | undefined> {
  const kind = await vscode.window.showQuickPick(KINDS, {
    title: 'Add Port or Hypercall Breakpoint (1/3): What should it watch?',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!kind) return undefined;
  const draft = emptyDraft(kind.value);
  return (await askTarget(ports, draft, 'Add Port or Hypercall Breakpoint (2/3): Which one?')) ? draft : undefined;
}

/** A list of known names that also accepts what is typed. */
async function askTarget(ports: KnownPorts, draft: Draft, title: string): Promise<boolean> {
  const known = await knownTargets(ports, draft.kind);
  const { prompt, placeHolder } = TARGET_PROMPTS[draft.kind];
  const chosen =
    known.length > 0
      ? await pickOrType(known, draft, title, `${prompt}: ${placeHolder}`)
      : await vscode.window.showInputBox({
          title,
          prompt,
          placeHolder,
          value: draft.target,
          validateInput: (target) => draftProblem({ ...draft, target: target.trim() }),
        });
  if (chosen === undefined) return false;
  draft.target = chosen.trim();
  return true;
}

function pickOrType(
  known: vscode.QuickPickItem[],
  draft: Draft,
  title: string,
  placeholder: string,
): Promise<string | undefined> {
  const pick = vscode.window.createQuickPick();
  pick.title = title;
  pick.placeholder = placeholder;
  pick.items = known;
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  return new Promise((resolve) => {
    pick.onDidChangeValue((value) => {
      const typed = value.trim();
      const usable = typed !== '' && draftProblem({ ...draft, target: typed }) === undefined;
      const item = { label: typed, description: 'use what is typed', alwaysShow: true };
      pick.items = usable && !known.some(({ label }) => label === typed) ? [item, ...known] : known;
    });
    pick.onDidAccept(() => {
      resolve(pick.selectedItems[0]?.label);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}

async function knownTargets(ports: KnownPorts, kind: DraftKind): Promise<vscode.QuickPickItem[]> {
  switch (kind) {
    case 'io':
    case 'in':
    case 'out':
      return (await ports()).map((row) => ({
        label: portText(row.number),
        description: [row.name, row.count > 0 && `${row.count.toLocaleString('en')} accesses`]
          .filter(Boolean)
          .join(' · '),
        detail: row.doc,
      }));
    case 'hypercall':
      return [
        { label: '*', description: 'any hypercall' },
        ...HYPERCALL_ABIS.flatMap((abi) =>
          allCalls(abi).map(({ name, number, doc }) => ({
            label: callName(abi.name, name),
            description: `${abi.title} ${number}`,
            detail: doc,
          })),
        ),
      ];
    case 'fault':
      return ['triple', ...FAULT_VECTORS.keys()].map((label) => ({ label }));
    case 'irq':
    case 'insn':
    case 'serial':
      return [];
  }
}

/** One part of a spec that can be changed in the last step. */
interface Part {
  label: string;
  value: string;
  unset: string;
  change: () => Promise<boolean>;
}

/**
 * The last step: shows the text as it stands and its parts; each can be changed, until the user accepts.
 * @returns false if the user backs out
 */
async function refine(ports: KnownPorts, draft: Draft, verb: 'Add' | 'Save'): Promise<boolean> {
  for (;;) {
    const problem = draftProblem(draft);
    const parts = partsOf(ports, draft);
    const accept: vscode.QuickPickItem = {
      label: problem ? `$(warning) ${problem}` : `$(check) ${verb} Breakpoint`,
      description: draftText(draft),
    };
    const items: vscode.QuickPickItem[] = [
      accept,
      { label: 'Change', kind: vscode.QuickPickItemKind.Separator },
      ...parts.map((part) => ({ label: part.label, description: part.value || part.unset })),
    ];
    const picked = await vscode.window.showQuickPick(items, {
      title: draftText(draft),
      placeHolder: 'Enter accepts; choose a part to change it',
    });
    if (!picked) return false;
    if (picked === accept && !problem) return true;
    const part = parts.find(({ label }) => label === picked.label);
    if (part) await part.change();
  }
}

function partsOf(ports: KnownPorts, draft: Draft): Part[] {
  const choose = async <K extends 'kind' | 'width' | 'via' | 'when'>(
    key: K,
    title: string,
    choices: Choice<Draft[K]>[],
  ) => {
    const picked = await vscode.window.showQuickPick(choices, { title });
    if (picked) draft[key] = picked.value;
    return picked !== undefined;
  };
  const type = async (key: 'condition' | 'hit' | 'log' | 'set', title: string, placeHolder: string) => {
    const text = await vscode.window.showInputBox({
      title,
      placeHolder,
      value: draft[key],
      validateInput: (value) => draftProblem({ ...draft, [key]: value.trim() }),
    });
    if (text !== undefined) draft[key] = text.trim();
    return text !== undefined;
  };
  const target: Part = {
    label: '$(symbol-numeric) Target',
    value: draft.target,
    unset: '',
    change: () => askTarget(ports, draft, 'Which one?'),
  };
  const common: Part[] = [
    {
      label: '$(filter) Condition',
      value: draft.condition,
      unset: 'always',
      change: () => type('condition', 'Condition', isPortDraft(draft) ? 'value == 0x41 && cpl == 0' : 'port == 0x3f8'),
    },
    {
      label: '$(debug-step-over) Hit count',
      value: draft.hit,
      unset: 'every hit',
      change: () => type('hit', 'Hit count: N, >=N or %N', '>=100'),
    },
    {
      label: '$(output) Log text',
      value: draft.log,
      unset: 'stop instead of logging',
      change: () =>
        type('log', 'Text to log instead of stopping; {expr}, {expr:x}', 'wrote {value:x} {value:c} from {eip:x}'),
    },
  ];
  if (!isPortDraft(draft)) return [target, ...common];
  return [
    {
      label: '$(arrow-swap) Direction',
      value: { io: 'in and out', in: 'in', out: 'out' }[draft.kind as 'io' | 'in' | 'out'],
      unset: '',
      change: () => choose('kind', 'Direction', KINDS.slice(0, 3)),
    },
    target,
    {
      label: '$(symbol-ruler) Width',
      value: draft.width && `${draft.width} byte${draft.width === '1' ? '' : 's'}`,
      unset: 'any',
      change: () =>
        choose('width', 'Width of the access', [
          { label: 'Any', value: '' },
          { label: '1 byte', value: '1' },
          { label: '2 bytes', value: '2' },
          { label: '4 bytes', value: '4' },
        ]),
    },
    {
      label: '$(git-compare) Via',
      value: draft.via,
      unset: 'any way: instruction or hypercall',
      change: () =>
        choose('via', 'By which way the access comes', [
          { label: 'Any', description: 'one logical access, however it is made', value: '' },
          { label: 'Trap', description: '#GP, fetched and decoded', value: 'trap' },
          { label: 'VT-x exit', description: 'reason and qualification', value: 'vtx' },
          { label: 'Hypercall', description: 'no decode', value: 'hypercall' },
        ]),
    },
    {
      label: '$(history) When',
      value: draft.when,
      unset: 'after the access',
      change: () =>
        choose('when', 'Stop before or after the access', [
          { label: 'After', description: 'the value read is known', value: '' },
          { label: 'Before', description: 'the device has not seen it yet', value: 'before' },
        ]),
    },
    ...common,
    {
      label: '$(replace) Set value',
      value: draft.set,
      unset: 'leave it',
      change: () => type('set', 'Value to use instead', '0x20'),
    },
  ];
}
