import type { Operations } from '../../cpu/operations';
import type { CpuModel } from '../form';
import { declareFloat, X87_FUNCTIONS } from '../float/declare';
import { defineFloat } from '../float/define';
import { declarePacked } from '../packed/functions';
import { definePacked } from '../packed/define';
import { opcodeMap } from '../table';
import { ModuleBuilder } from '../wasm/module';
import { declareDispatch, defineDispatch, prefixHandlers, REGION_FUNCTIONS, TABLE_SIZE, tableIndex } from './dispatch';
import { buildHandler, buildUndefined } from './handlers';
import { declareQuick, defineQuick, QUICK_ROWS } from './quick/define';
import { declareImports, declareRuntime, defineRuntime } from './runtime';
import { declareSystem } from './system/operations';
import { declareVectorRuntime, defineVectorRuntime } from './vector-runtime';

/** Number of i32 arguments of each operation, and whether it gives a value. */
export const OPERATION_SIGNATURES: Readonly<Record<keyof Operations, readonly [args: number, results: 0 | 1]>> = {
  loadSegment: [2, 0],
  loadFarSegment: [2, 0],
  farJump: [3, 0],
  farCall: [3, 0],
  farReturn: [2, 0],
  interruptReturn: [1, 0],
  softwareInterrupt: [1, 0],
  breakpointInterrupt: [0, 0],
  overflowInterrupt: [0, 0],
  debugInterrupt: [0, 0],
  pushFlags: [1, 0],
  popFlags: [1, 0],
  clearInterruptFlag: [0, 0],
  setInterruptFlag: [0, 0],
  halt: [0, 0],
  readControl: [1, 1],
  writeControl: [2, 0],
  readDebug: [1, 1],
  writeDebug: [2, 0],
  readTest: [1, 1],
  writeTest: [2, 0],
  clearTaskSwitched: [0, 0],
  loadMachineStatus: [1, 0],
  storeMachineStatus: [0, 1],
  loadGdt: [3, 0],
  loadIdt: [3, 0],
  storeGdt: [3, 0],
  storeIdt: [3, 0],
  loadLdt: [1, 0],
  loadTask: [1, 0],
  storeLdt: [0, 1],
  storeTask: [0, 1],
  loadAccessRights: [2, 1],
  loadSegmentLimit: [2, 1],
  verifyRead: [1, 0],
  verifyWrite: [1, 0],
  invalidatePage: [2, 0],
  writeBackCaches: [0, 0],
  cpuid: [0, 0],
  readTimestamp: [0, 0],
  readCounter: [0, 0],
  readMsr: [0, 0],
  writeMsr: [0, 0],
  loadMxcsr: [1, 0],
  systemEnter: [0, 0],
  systemExit: [0, 0],
  monitorCall: [0, 0],
  fpuReportError: [0, 1],
  fpuErrorChanged: [0, 0],
  fpuInitialize: [0, 0],
  fpuStoreEnvironment: [3, 0],
  fpuLoadEnvironment: [3, 0],
  fpuSave: [3, 0],
  fpuRestore: [3, 0],
  fxSave: [2, 0],
  fxRestore: [2, 0],
  fpuTranscendental: [3, 1],
  portIn: [3, 0],
  portOut: [3, 0],
  portInString: [1, 0],
  portOutString: [1, 0],
};

/** Names of all operations, in a fixed order. */
export const OPERATION_NAMES = Object.keys(OPERATION_SIGNATURES) as (keyof Operations)[];

/** Stages the instruction table as the interpreter: a module that exports `run`, `step` and, for compiled code, the floating-point functions. */
export function buildInterpreter(model: CpuModel): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder();
  declareImports(m);
  for (const name of OPERATION_NAMES) {
    const [args, results] = OPERATION_SIGNATURES[name];
    m.import(name, Array(args).fill('i32'), Array(results).fill('i32'));
  }
  declareRuntime(m);
  declareVectorRuntime(m);
  declareFloat(m);
  declarePacked(m);
  const defineSystem = declareSystem(m, model);
  declareDispatch(m);
  declareQuick(m);
  const undefinedOpcode = m.declare('undefinedOpcode');
  const table = Array<number>(TABLE_SIZE).fill(undefinedOpcode.index);
  const prefixes = prefixHandlers(m);
  for (const [opcode, body] of prefixes) {
    const handler = m.declare(`prefix ${opcode.toString(16)}`);
    m.define(handler, body);
    for (const size of [16, 32] as const) table[tableIndex(0, size, opcode)] = handler.index;
  }
  const opcodes = opcodeMap(model);
  table.splice(0, QUICK_ROWS, ...defineQuick(m, model, opcodes));
  for (const [key, entry] of opcodes) {
    const opcode = key & 0xff;
    if (entry.forms.every((form) => form.sizeless)) {
      const handler = m.declare(key.toString(16));
      for (const size of [16, 32] as const) table[tableIndex((key >> 8) as 0 | 1, size, opcode)] = handler.index;
      m.define(handler, buildHandler(m, entry, opcode, 32));
      continue;
    }
    for (const size of [16, 32] as const) {
      const handler = m.declare(`${key.toString(16)} ${size}`);
      table[tableIndex((key >> 8) as 0 | 1, size, opcode)] = handler.index;
      m.define(handler, buildHandler(m, entry, opcode, size));
    }
  }
  defineRuntime(m, model);
  defineVectorRuntime(m);
  defineSystem();
  defineFloat(m);
  definePacked(m);
  m.define(undefinedOpcode, buildUndefined(m));
  defineDispatch(m);
  for (const name of X87_FUNCTIONS) m.export(name, m.declared(name));
  m.setTable(table, REGION_FUNCTIONS);
  return m.finish();
}

const compiled = new Map<CpuModel, WebAssembly.Module>();
let prebuilt: ((model: CpuModel) => BufferSource | undefined) | undefined;

/** Says where interpreters are had from that `buildInterpreter` made before; undefined from it means: stage it now. */
export function setPrebuiltInterpreters(source: (model: CpuModel) => BufferSource | undefined): void {
  prebuilt = source;
}

/** The compiled interpreter of a model, made once per process. */
export function interpreterModule(model: CpuModel): WebAssembly.Module {
  let module = compiled.get(model);
  if (!module) {
    module = new WebAssembly.Module(prebuilt?.(model) ?? buildInterpreter(model));
    compiled.set(model, module);
  }
  return module;
}
