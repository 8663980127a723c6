import type { Form } from '../../form';
import { vectorControlForms } from './control';
import { floatArithmeticForms } from './float-arithmetic';
import { floatCompareForms } from './float-compare';
import { floatConvertForms } from './float-convert';
import { vectorMoveForms } from './move';
import { packForms } from './pack';
import { packedIntegerForms } from './packed-integer';
import { packedShiftForms } from './shift';
import { shuffleForms } from './shuffle';

/** MMX, SSE and SSE2. */
export const simdForms = (): readonly Form[] => [
  ...vectorMoveForms(),
  ...packedIntegerForms(),
  ...packedShiftForms(),
  ...packForms(),
  ...shuffleForms(),
  ...floatArithmeticForms(),
  ...floatCompareForms(),
  ...floatConvertForms(),
  ...vectorControlForms(),
];
