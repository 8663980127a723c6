import type { Descriptor } from '../../../machine/cpu/descriptor';
import { Fault } from '../../../machine/cpu/fault';
import { SegmentIndex } from '../../../machine/layout';
import type { GuestMachine } from '../../guest-machine';
import type { Report } from '../part';

const SEGMENTS = [
  SegmentIndex.CS,
  SegmentIndex.SS,
  SegmentIndex.ES,
  SegmentIndex.DS,
  SegmentIndex.FS,
  SegmentIndex.GS,
] as const;

function isNull(selector: number): boolean {
  return (selector & 0xfffc) === 0;
}

/** The entry behind a selector, or undefined where there is none that could be read. */
function find({ cpu }: GuestMachine, selector: number): Descriptor | undefined {
  try {
    return cpu.segmentation.findDescriptor(selector);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** True if a segment register may hold a present descriptor at the guest's present level. */
function fits(segment: SegmentIndex, selector: number, descriptor: Descriptor, cpl: number): boolean {
  if (!descriptor.present) return false;
  if (segment === SegmentIndex.CS) return descriptor.isCode && (descriptor.isConformingCode || descriptor.dpl === cpl);
  if (segment === SegmentIndex.SS) return descriptor.isWritableData && descriptor.dpl === cpl;
  if (!descriptor.isReadable) return false;
  return descriptor.isConformingCode || Math.max(cpl, selector & 3) <= descriptor.dpl;
}

/**
 * Loads segment registers again from the tables as they are now. DS, ES, FS and GS become null where they can't be
 * loaded; CS and SS, without which nothing goes on, stay as they are, and the user is told.
 * @param affects tells which selectors count
 */
export function reloadSegments(
  machine: GuestMachine,
  report: Report,
  affects: (selector: number) => boolean = () => true,
): void {
  const { state, segmentation } = machine.cpu;
  for (const segment of SEGMENTS) {
    const decidesLevel = segment === SegmentIndex.CS || segment === SegmentIndex.SS;
    const before = state.selector(segment);
    const selector = decidesLevel ? segmentation.compressSelector(before) : before;
    if (isNull(selector) || !affects(selector)) continue;
    const found = find(machine, selector);
    const descriptor = found && segmentation.compress(found);
    if (descriptor && fits(segment, selector, descriptor, state.cpl)) segmentation.set(segment, selector, descriptor);
    else if (!decidesLevel) segmentation.setNull(segment, 0);
    else {
      const name = SegmentIndex[segment];
      report(
        `vmi-live-${name}`,
        `the guest's new descriptor 0x${selector.toString(16)} cannot be loaded into ${name}, which keeps the old one`,
      );
    }
  }
}
