import type { Form } from '../form';
import { x87ArithmeticForms } from './x87-arithmetic';
import { x87CompareForms } from './x87-compare';
import { SIZED_IMAGES, x87ControlForms } from './x87-control';
import { x87FunctionForms } from './x87-functions';
import { x87LoadStoreForms } from './x87-load-store';

/** All instructions of the x87: opcodes D8 to DF, WAIT, FXSAVE and FXRSTOR. Only images in memory depend on the operand size. */
export const x87Forms = (): readonly Form[] =>
  [
    ...x87LoadStoreForms(),
    ...x87ArithmeticForms(),
    ...x87CompareForms(),
    ...x87FunctionForms(),
    ...x87ControlForms(),
  ].map((form) => ({ ...form, sizeless: !SIZED_IMAGES.has(form.mnemonic) }));
