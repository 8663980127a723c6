import type { Emitter } from '../emitter';
import { type Form, form, type OperandAccess } from '../form';
import { Register } from '../../layout';

type Transfer = 'portIn' | 'portOut';

/** The port is an immediate byte. */
const immediate = (operation: Transfer, byte: boolean) => (e: Emitter, port: OperandAccess) =>
  e.call(operation, port.read(), byte ? 1 : e.operandSize / 8, 1);

/** The port is DX. */
const byRegister = (operation: Transfer, byte: boolean) => (e: Emitter) =>
  e.call(operation, e.reg(16, Register.EDX), byte ? 1 : e.operandSize / 8, 0);

const string = (operation: 'portInString' | 'portOutString', byte: boolean) => (e: Emitter) =>
  e.call(operation, byte ? 1 : e.operandSize / 8);

export const portIoForms = (): readonly Form[] => [
  ...form('IN', 'E4', 'Ib', immediate('portIn', true)),
  ...form('IN', 'E5', 'Ib', immediate('portIn', false)),
  ...form('OUT', 'E6', 'Ib', immediate('portOut', true)),
  ...form('OUT', 'E7', 'Ib', immediate('portOut', false)),
  ...form('IN', 'EC', '', byRegister('portIn', true)),
  ...form('IN', 'ED', '', byRegister('portIn', false)),
  ...form('OUT', 'EE', '', byRegister('portOut', true)),
  ...form('OUT', 'EF', '', byRegister('portOut', false)),
  ...form('INS', '6C', '', string('portInString', true)),
  ...form('INS', '6D', '', string('portInString', false)),
  ...form('OUTS', '6E', '', string('portOutString', true)),
  ...form('OUTS', '6F', '', string('portOutString', false)),
];
