import type { FormOptions } from '../../form';

/** SSE came with the Pentium III, SSE2 with the Pentium 4. */
export const PENTIUM3: FormOptions = { since: 'pentium3' };
export const PENTIUM4: FormOptions = { since: 'pentium4' };
