import { quote } from '../text/escapes';
import type { BreakpointSpec, HypercallSpec, PortReference } from './ast';
import { faultName } from './fault-names';
import { printHitRule } from './hit-rule';

function printPort(port: PortReference): string {
  return port.name ?? `0x${port.number.toString(16)}`;
}

function printHypercall(target: HypercallSpec['target']): string {
  if (target === '*') return target;
  if ('number' in target) return String(target.number);
  return target.abi ? `${target.abi}:${target.name}` : target.name;
}

function printBody(spec: BreakpointSpec): string {
  switch (spec.kind) {
    case 'port': {
      const range = spec.last ? `-${printPort(spec.last)}` : '';
      const width = spec.width ? `/${spec.width}` : '';
      return `${spec.direction} ${printPort(spec.first)}${range}${width}`;
    }
    case 'hypercall':
      return `hypercall ${printHypercall(spec.target)}`;
    case 'fault':
      return `fault ${typeof spec.vector === 'number' ? faultName(spec.vector) : spec.vector}`;
    case 'irq':
      return `irq ${spec.line}`;
    case 'insn':
      return `insn ${spec.name}`;
    case 'serial':
      return `serial ${spec.port} ${quote(spec.text)}`;
    case 'function':
      return spec.name;
    case 'address':
      return `*${spec.address.text}`;
  }
}

/** The canonical text of a spec; parsing it gives the same spec again. */
export function printSpec(spec: BreakpointSpec): string {
  const parts = [printBody(spec)];
  if (spec.kind === 'port') {
    if (spec.via) parts.push('via', spec.via);
    if (spec.when) parts.push(spec.when);
  }
  if (spec.condition) parts.push('if', spec.condition.text);
  if (spec.hit) parts.push('hit', printHitRule(spec.hit));
  if (spec.log) parts.push('log', quote(spec.log.text));
  if (spec.kind === 'port' && spec.set) parts.push('set', spec.set.text);
  return parts.join(' ');
}
