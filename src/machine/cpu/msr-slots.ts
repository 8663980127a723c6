import * as layout from '../layout';

let used = 0;

/** The next free place of `MSR_FILE`, 8 bytes: an offset of the layout. @throws RangeError if all are taken */
export function allocateSlot(): number {
  if (used === layout.MSR_SLOTS) throw new RangeError('MSR_FILE is full');
  return layout.MSR_FILE + 8 * used++;
}
