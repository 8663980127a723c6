import * as vscode from 'vscode';
import type { BreakpointSpec, PortReference } from '../../debugger/specs/ast';
import { callOf, resolveHypercalls } from '../../hypervisor/abi/names';
import { quote } from '../../debugger/text/escapes';
import { parseSpec } from '../../debugger/specs/parser';

/** A function breakpoint of VS Code whose text is a spec on a port or a hypercall. */
export interface SpecBreakpoint {
  breakpoint: vscode.FunctionBreakpoint;
  spec: BreakpointSpec;
}

/** What a row of the Ports or Hypercalls view stands for. */
export type AccessTarget =
  | { kind: 'port'; port: number; name: string }
  | { kind: 'hypercall'; abi: string; number: number; name: string };

/** All function breakpoints whose text is a spec other than the name of a function. */
export function specBreakpoints(): SpecBreakpoint[] {
  return vscode.debug.breakpoints.flatMap((breakpoint) => {
    if (!(breakpoint instanceof vscode.FunctionBreakpoint)) return [];
    const spec = tryParse(breakpoint.functionName);
    return spec && spec.kind !== 'function' ? [{ breakpoint, spec }] : [];
  });
}

/** The spec's meaning, or undefined if it has none: the adapter will say why. */
export function tryParse(text: string): BreakpointSpec | undefined {
  try {
    return parseSpec(text);
  } catch {
    return undefined;
  }
}

/** Breakpoints that watch a target, on itself or with a range around it. */
export function breakpointsOn(target: AccessTarget | undefined): vscode.FunctionBreakpoint[] {
  if (!target) return [];
  return specBreakpoints()
    .filter(({ spec }) => covers(spec, target))
    .map(({ breakpoint }) => breakpoint);
}

/** The text of the plain breakpoint on a target: both directions of a port, every call. */
export function plainSpec(target: AccessTarget): string {
  return target.kind === 'port' ? `io 0x${target.port.toString(16)}` : `hypercall ${callName(target.abi, target.name)}`;
}

/** A call's name in a spec; with its ABI before it where several have one of that name. */
export function callName(abi: string, name: string): string {
  try {
    return resolveHypercalls(name).length > 1 ? `${abi}:${name}` : name;
  } catch {
    // One that this version of the extension does not know.
    return `${abi}:${name}`;
  }
}

/** The text of a breakpoint that logs a target instead of stopping: all arguments, and where from. */
export function logSpec(target: AccessTarget): string {
  if (target.kind === 'port') return `${plainSpec(target)} log ${quote('{port:x} {value:x} from {eip:x}')}`;
  const decimal = new Set(['count', 'number', 'status']);
  const values = callOf(target.abi, target.name)?.arguments ?? [];
  const texts = values.map(({ name, format }) => `${name}={${name}:${decimal.has(format) ? 'd' : 'x'}}`);
  return `${plainSpec(target)} log ${quote([`${target.abi}:${target.name}`, ...texts, 'from {eip:x}'].join(' '))}`;
}

/** Adds the breakpoint that logs a target. */
export function logOn(target: AccessTarget): void {
  vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(logSpec(target))]);
}

/** Adds the plain breakpoint on a target, which then stands in VS Code's Breakpoints view. */
export function breakOn(target: AccessTarget): void {
  vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(plainSpec(target))]);
}

/** Removes every breakpoint that watches a target and nothing else; says so if wider ones remain. */
export function clearOn(target: AccessTarget): void {
  const all = breakpointsOn(target);
  const own = all.filter((breakpoint) => {
    const spec = tryParse(breakpoint.functionName);
    return spec?.kind === 'port' ? spec.last === undefined : spec?.kind === 'hypercall' && spec.target !== '*';
  });
  vscode.debug.removeBreakpoints(own);
  const [wider] = all.filter((breakpoint) => !own.includes(breakpoint));
  if (wider)
    void vscode.window.showInformationMessage(
      `"${wider.functionName}" covers it too and stays. Remove it in the Breakpoints view.`,
    );
}

function covers(spec: BreakpointSpec, target: AccessTarget): boolean {
  if (spec.kind === 'port' && target.kind === 'port') {
    if (spec.last === undefined) return isPort(spec.first, target);
    const [first, last] = [spec.first.number, spec.last.number];
    if (first !== undefined && last !== undefined) return first <= target.port && target.port <= last;
    return isPort(spec.first, target) || isPort(spec.last, target);
  }
  if (spec.kind !== 'hypercall' || target.kind !== 'hypercall') return false;
  if (spec.target === '*') return true;
  if ('number' in spec.target) return spec.target.number === target.number;
  const abi = spec.target.abi?.toLowerCase() ?? target.abi.toLowerCase();
  return spec.target.name.toLowerCase() === target.name.toLowerCase() && abi === target.abi.toLowerCase();
}

function isPort(reference: PortReference, target: { port: number; name: string }): boolean {
  if (reference.number !== undefined) return reference.number === target.port;
  const wanted = reference.name.toLowerCase();
  const name = target.name.toLowerCase();
  // Registers that share a port are shown as `COM1.RBR/THR`.
  const [device, registers] = name.split('.');
  return name === wanted || (registers ?? '').split('/').some((register) => `${device}.${register}` === wanted);
}
