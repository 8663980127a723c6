import type { Value } from '../types';

/** More than the number of a register: words behind it, parts below it. */
export interface RegisterDetails {
  readonly words?: string;
  readonly children?: () => Value[];
}
