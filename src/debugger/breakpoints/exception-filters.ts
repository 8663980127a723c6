import { Vector, vectorName } from '../../machine/cpu/fault';
import { faultMeaning } from '../stops/fault-text';

/** An entry of the list of exceptions that a client offers. */
export interface ExceptionFilter {
  id: string;
  label: string;
  description: string;
  default: boolean;
}

/** Faults that a kernel under development wants to see; the others occur in healthy guests all the time. */
const VECTORS = [
  Vector.DE,
  Vector.UD,
  Vector.NM,
  Vector.DF,
  Vector.TS,
  Vector.NP,
  Vector.SS,
  Vector.GP,
  Vector.PF,
  Vector.MF,
  Vector.AC,
];

/** What clients may stop at by a switch. */
export const EXCEPTION_FILTERS: readonly ExceptionFilter[] = [
  {
    id: 'triple',
    label: 'Triple fault',
    description: 'A fault while a double fault was being delivered: the guest cannot go on.',
    default: true,
  },
  ...VECTORS.map((vector) => ({
    id: vectorName(vector),
    label: `${vectorName(vector)}: ${faultMeaning(vector)}`,
    description: `Stops before exception ${vector} is delivered to the guest.`,
    default: false,
  })),
  {
    id: 'unowned-port',
    label: 'Access to a port that nobody owns',
    description: 'Stops after an access to a port where no device answers.',
    default: false,
  },
];
