import { createSession, EXCEPTION_FILTERS } from '../src/debugger/create-session';
import type { Engine } from './engine';

/** The debugger that ships with Ringside. */
export const ringsideEngine: Engine = { createSession, exceptionFilters: [...EXCEPTION_FILTERS] };
