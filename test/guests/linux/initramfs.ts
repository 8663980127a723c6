import { gzipSync } from 'node:zlib';
import { CHARACTER_DEVICE, type CpioEntry, DIRECTORY, EXECUTABLE, REGULAR, SYMLINK, writeCpio } from './cpio';

/** Printed by /init before the shell starts. */
export const INIT_MARKER = 'RINGSIDE-INIT';
/** The shell's prompt, unlike anything that the kernel prints. */
export const PROMPT = 'ringside# ';

const FOLDERS = ['bin', 'dev', 'etc', 'lib', 'lib/modules', 'proc', 'sys', 'tmp'];

/** The shell gets a terminal of its own: with the console as it is there is no job control. */
const INIT = `#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
export PS1='${PROMPT}' PATH=/bin HOME=/
echo ${INIT_MARKER}
exec setsid sh -c 'exec sh -i </dev/ttyS0 >/dev/ttyS0 2>&1'
`;

/** A kernel module, in the order of loading. */
export interface KernelModule {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * An initramfs with busybox, an /init that mounts the usual and starts a shell on ttyS0, and modules in /lib/modules with a
 * script /bin/load-modules that loads them.
 */
export function buildInitramfs(busybox: Uint8Array, modules: readonly KernelModule[]): Buffer {
  const load = modules.map(({ name }) => `insmod /lib/modules/${name}\n`).join('');
  const entries: CpioEntry[] = [
    ...FOLDERS.map((path) => ({ path, mode: DIRECTORY })),
    { path: 'dev/console', mode: CHARACTER_DEVICE, device: [5, 1] },
    { path: 'bin/busybox', mode: EXECUTABLE, data: busybox },
    { path: 'bin/sh', mode: SYMLINK, data: 'busybox' },
    { path: 'init', mode: EXECUTABLE, data: INIT },
    { path: 'bin/load-modules', mode: EXECUTABLE, data: `#!/bin/sh\n${load}` },
    ...modules.map(({ name, bytes }) => ({ path: `lib/modules/${name}`, mode: REGULAR, data: bytes })),
  ];
  return gzipSync(writeCpio(entries));
}
