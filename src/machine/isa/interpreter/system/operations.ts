import { CR0_TS } from '../../../cpu/control-bits';
import { FEATURE_SEP } from '../../../cpu/features';
import { CPU_MODELS } from '../../../cpu/models';
import * as layout from '../../../layout';
import type { CpuModel } from '../../form';
import * as w from '../../wasm/expression';
import type { ModuleBuilder } from '../../wasm/module';
import { state } from '../runtime';
import { farCall, farJump, farReturn } from './far-transfers';
import { systemEnter, systemExit } from './fast-calls';
import { declareFlags, defineFlags } from './flags';
import { declareGates, defineGates, softwareInterrupt } from './gates';
import { interruptReturn } from './returns';
import { declareSegments, defineSegments, loadDataSegment } from './segments';
import { declareStagedOperations, type Stage, type StagedOperation } from './stage';

/** MOV from CR2 and CR3, which have no bits of their own rules. */
function readControl(s: Stage): void {
  const index = s.f.param(0);
  s.refuse(state(layout.CPL));
  s.require(w.or(w.eq(index, 2), w.eq(index, 3)));
  s.f.return(w.load32(w.shl(index, 2), layout.CR));
}

function clearTaskSwitched(s: Stage): void {
  s.refuse(state(layout.CPL));
  s.set(layout.CR, w.and(w.load32(layout.CR), ~CR0_TS));
  s.f.return();
}

/** System operations that are common enough to be staged, for one model. */
function stagedOperations(model: CpuModel): StagedOperation[] {
  const { flags, features } = CPU_MODELS[model];
  const common: StagedOperation[] = [
    { name: 'softwareInterrupt', params: 1, results: 0, stage: softwareInterrupt },
    { name: 'interruptReturn', params: 1, results: 0, stage: interruptReturn(flags) },
    { name: 'farJump', params: 3, results: 0, stage: farJump },
    { name: 'farCall', params: 3, results: 0, stage: farCall },
    { name: 'farReturn', params: 2, results: 0, stage: farReturn },
    { name: 'loadSegment', params: 2, results: 0, stage: loadDataSegment },
    { name: 'readControl', params: 1, results: 1, stage: readControl },
    { name: 'clearTaskSwitched', params: 0, results: 0, stage: clearTaskSwitched },
  ];
  if (!(features & FEATURE_SEP)) return common;
  return [
    ...common,
    { name: 'systemEnter', params: 0, results: 0, stage: systemEnter },
    { name: 'systemExit', params: 0, results: 0, stage: systemExit },
  ];
}

/** Declares what of the system's operations is WebAssembly; the result defines it, once everything is declared. */
export function declareSystem(m: ModuleBuilder, model: CpuModel): () => void {
  declareFlags(m);
  declareSegments(m);
  declareGates(m);
  const define = declareStagedOperations(m, stagedOperations(model));
  return () => {
    defineFlags(m);
    defineSegments(m);
    defineGates(m);
    define();
  };
}
