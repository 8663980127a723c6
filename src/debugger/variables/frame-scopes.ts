import { FEATURE_MMX } from '../../machine/cpu/features';
import type { Guest } from '../guest/guest';
import type { FrameContext } from '../stack/frames';
import type { FormatOptions, Session, Value } from '../types';
import { valueContext } from './context';
import { fileValues, localValues } from './locals';
import { portGroups } from './ports';
import { flagValues, fpuValues, generalValues, segmentValues, systemValues, vectorValues } from './registers';

/** A group of values of a frame, worked out when it is opened. */
export type FrameScope = ReturnType<Session['scopes']>[number];

/**
 * The groups of values that a frame has. Those of C variables are missing where the code has no debug information.
 * @param changed told when a value was set
 */
export function frameScopes(guest: Guest, frame: FrameContext, changed?: () => void): FrameScope[] {
  const context = valueContext(guest, frame, changed);
  const { scope } = context;
  const hasVariables = scope.blocks.length > 0;
  // The flags of a calling function are lost.
  const innermost = frame.registers.setGeneral !== undefined;
  const hasVectors = (guest.machine.cpu.model.features & FEATURE_MMX) !== 0;
  const group = (
    name: string,
    kind: FrameScope['kind'],
    values: (format?: FormatOptions) => Value[],
    expensive = false,
  ): FrameScope => ({ name, kind, expensive, values });
  return [
    ...(hasVariables ? [group('Locals', 'locals', (format) => localValues(context, format))] : []),
    ...(hasVariables ? [group('Globals', 'globals', (format) => fileValues(context, format), true)] : []),
    group('Registers', 'registers', () => generalValues(context)),
    ...(innermost ? [group('Flags', 'registers', () => flagValues(context))] : []),
    group('Segments', 'registers', () => segmentValues(context)),
    group('System registers', 'registers', () => systemValues(context), true),
    group('FPU', 'registers', () => fpuValues(context), true),
    ...(hasVectors ? [group('Vector registers', 'registers', () => vectorValues(context), true)] : []),
    group('Ports', 'ports', () => portGroups(context), true),
  ];
}
