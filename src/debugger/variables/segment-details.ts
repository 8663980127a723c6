import { SegmentIndex } from '../../machine/layout';
import type { Guest } from '../guest/guest';
import { hiddenDescriptor, segmentText } from '../registers/descriptor-text';
import { hex16, hex32 } from '../text/hex';
import type { Value } from '../types';
import type { RegisterDetails } from './register-details';

function row(name: string, text: string, type: string, address?: number): Value {
  return { name, text, type, kind: 'register', ...(address !== undefined && { address }) };
}

/** True where selectors are paragraph numbers rather than names of descriptors. */
function isRealMode({ state }: Guest): boolean {
  return !state.protectedMode || state.v86;
}

/** What is hidden behind a selector: base, limit and rights as they were when it was loaded. */
export function segmentDetails(guest: Guest, name: string): RegisterDetails {
  const { state } = guest;
  const index = SegmentIndex[name.toUpperCase() as keyof typeof SegmentIndex];
  const selector = state.selector(index);
  const base = state.segmentBase(index);
  const limit = state.segmentLimit(index);
  const attributes = state.segmentAttributes(index);
  const descriptor = hiddenDescriptor(attributes);
  const system = index === SegmentIndex.LDTR || index === SegmentIndex.TR;
  const paragraph = isRealMode(guest) && !system;
  // After reset LDTR and TR are usable parts without a table entry behind them.
  const isNull = !paragraph && (attributes === 0 || (system && (selector & 0xfffc) === 0));
  const place = `base ${hex32(base)}, limit ${hex32(limit)}`;
  const children = (): Value[] => {
    const hidden = [
      row('base', hex32(base), 'linear address of offset 0', base),
      row('limit', hex32(limit), 'last valid offset'),
      row('attributes', hex16(attributes), 'access byte in bits 7:0; AVL, L, D/B and G in 15:12'),
    ];
    if (paragraph) return hidden;
    return [
      row('index', String(selector >>> 3), 'entry of the table'),
      row('table', selector & 4 ? 'LDT' : 'GDT', 'table that the descriptor is in'),
      row('rpl', String(selector & 3), 'requested privilege level'),
      ...hidden,
      ...(isNull ? [] : [row('descriptor', segmentText(descriptor, base, limit), 'the descriptor in words')]),
    ];
  };
  if (isNull) return { words: 'null', children };
  return { words: paragraph ? place : segmentText(descriptor, base, limit), children };
}
