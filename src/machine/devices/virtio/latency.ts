/**
 * Virtual time that the far side of a virtio device takes, in cycles (nanoseconds). These are assumptions, not
 * measurements: a back-end thread in the host that is woken for a request and copies at memory speed. They come on top
 * of what the notification itself costs as a port access, and are the same under every hypervisor mode.
 */
export const REQUEST_CYCLES = 2_000;
/** 512 bytes at some 2.5 GB/s. */
export const SECTOR_CYCLES = 200;
/** A byte of console text. */
export const BYTE_CYCLES = 1;
