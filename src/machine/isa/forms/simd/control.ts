import * as layout from '../../../layout';
import type { Emitter } from '../../emitter';
import { type Form, form, type MemoryAccess, type OperandAccess } from '../../form';
import { PENTIUM3, PENTIUM4 } from './generations';
import { onXmm } from './state';

const loadMxcsr = onXmm((e: Emitter, src: OperandAccess) => e.call('loadMxcsr', src.read()));
const storeMxcsr = onXmm((e: Emitter, dst: OperandAccess) => dst.write(e.state(layout.MXCSR)));

/** Memory is in order and there is no cache: fences and hints have nothing to do. */
const nothing = () => undefined;

/** CLFLUSH has the faults of a read. */
const flushLine = (e: Emitter, line: MemoryAccess) => void e.load(8, line.segment, line.offset);

/** PREFETCHNTA, T0, T1, T2. They never fault. What else shares the opcode is reserved for hints, and does nothing either. */
const prefetches = () =>
  ['PREFETCHNTA', 'PREFETCHT0', 'PREFETCHT1', 'PREFETCHT2'].flatMap((mnemonic, reg) => [
    ...form(mnemonic, `0F 18 /${reg} mem`, 'Ev', nothing, PENTIUM3),
    ...form('NOP', `0F 18 /${reg} reg`, 'Ev', nothing, PENTIUM3),
    ...form('NOP', `0F 18 /${reg + 4}`, 'Ev', nothing, PENTIUM3),
  ]);

/** MXCSR, fences and the cache (Intel SDM vol. 1, 10.4.6 and 11.4.4). PAUSE is F3 90: a NOP with a prefix. */
export const vectorControlForms = (): readonly Form[] => [
  ...form('LDMXCSR', 'NP 0F AE /2 mem', 'Ed', loadMxcsr, PENTIUM3),
  ...form('STMXCSR', 'NP 0F AE /3 mem', 'Ed', storeMxcsr, PENTIUM3),
  ...form('SFENCE', 'NP 0F AE /7 reg', '', nothing, PENTIUM3),
  ...form('LFENCE', 'NP 0F AE /5 reg', '', nothing, PENTIUM4),
  ...form('MFENCE', 'NP 0F AE /6 reg', '', nothing, PENTIUM4),
  ...form('CLFLUSH', 'NP 0F AE /7 mem', 'M', flushLine, PENTIUM4),
  ...prefetches(),
];
