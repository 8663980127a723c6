/** A file of an archive. */
export interface CpioEntry {
  /** Path without a slash at its start. */
  readonly path: string;
  /** File type and permissions, as in `st_mode`. */
  readonly mode: number;
  /** Content of a file, target of a symbolic link. */
  readonly data?: Uint8Array | string;
  /** Major and minor number of a device node. */
  readonly device?: readonly [number, number];
}

export const DIRECTORY = 0o040755;
export const REGULAR = 0o100644;
export const EXECUTABLE = 0o100755;
export const SYMLINK = 0o120777;
export const CHARACTER_DEVICE = 0o020600;

const MAGIC = '070701';
const TRAILER = 'TRAILER!!!';
const REGULAR_LINKS = 1;

/** Writes an archive of the "newc" format (Documentation/driver-api/early-userspace/buffer-format.rst). */
export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  const all = [...entries, { path: TRAILER, mode: 0 }];
  return Buffer.concat(all.map((entry, i) => member(entry, i + 1)));
}

function member({ path, mode, data = '', device = [0, 0] }: CpioEntry, inode: number): Buffer {
  const content = Buffer.from(data);
  const name = Buffer.from(`${path}\0`);
  // Inode, mode, user, group, links, time, size, device of the archive (2), device node (2), length of the name, check.
  const fields = [inode, mode, 0, 0, REGULAR_LINKS, 0, content.length, 0, 0, ...device, name.length, 0];
  const header = Buffer.from(MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join(''));
  return Buffer.concat([padded(Buffer.concat([header, name])), padded(content)]);
}

/** Filled up with zeros to a multiple of four. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
