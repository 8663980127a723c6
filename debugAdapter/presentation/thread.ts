/** The one thread that the guest has: its processor. The protocol wants ids above 0. */
export const THREAD_ID = 1;
export const THREAD_NAME = 'vCPU 0';
