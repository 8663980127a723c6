import type { VmiActions } from '../monitor';
import { returnFromInterrupt, systemExit } from '../privileged';

/** Bytes of the return address that lies above the frame where the stub was called, not jumped to. */
const RETURN_ADDRESS = 4;

/** Ways out of the kernel: 33, 34. */
export const returnActions: VmiActions = {
  IRET: (monitor) => {
    const called = monitor.options.answers.IRET === 'call';
    returnFromInterrupt(monitor, 4, called ? RETURN_ADDRESS : 0);
  },
  SYSEXIT: (monitor) => systemExit(monitor),
};
