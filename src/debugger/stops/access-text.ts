import type { PortAccess } from '../../machine/bus/port-access';
import { describeCall } from '../../hypervisor/abi/values';
import type { HypercallEvent } from '../../hypervisor/hypercall-dispatcher';
import type { Guest } from '../guest/guest';
import { characterText } from '../values/format';

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

/** `0x3f8 (COM1.THR)`, or the bare number. */
export function portText(guest: Guest, port: number, direction: PortAccess['direction'], value?: number): string {
  const name = guest.ports.nameOf(port, direction, value);
  return name === '' ? hex(port) : `${hex(port)} (${name})`;
}

/** `0x41 'A'`: bytes that are printable characters show them. */
export function datumText(value: number, width: number): string {
  const printable = width === 1 && value >= 0x20 && value < 0x7f;
  return printable ? `${hex(value)} ${characterText(value)}` : hex(value);
}

function channelText({ channel, hypercall }: PortAccess): string {
  if (channel === 'direct') return '';
  return channel === 'hypercall' ? `, via hypercall ${hypercall}` : `, via ${channel}`;
}

/**
 * A port access in words: `OUT 0x3f8 (COM1.THR), 1 byte, value 0x41 'A', via hypercall OUTB at uart_putc+0x1c`.
 * @param site linear address that caused it
 * @param before nothing has happened yet; the value of an `in` is not known
 */
export function describePortAccess(guest: Guest, access: Readonly<PortAccess>, site: number, before: boolean): string {
  const { direction, port, width, value, count } = access;
  const known = direction === 'out' || !before;
  const name = portText(guest, port, direction, direction === 'out' ? value : undefined);
  const bytes = width === 1 ? '1 byte' : `${width} bytes`;
  const datum = known ? `, value ${datumText(value, width)}` : '';
  const more = count > 1 ? `, ${count - (before ? 0 : 1)} elements left` : '';
  const lead = before ? 'before ' : '';
  return `${lead}${direction.toUpperCase()} ${name}, ${bytes}${datum}${more}${channelText(access)} at ${guest.nameAt(site)}`;
}

/** A hypercall in words: `hypercall VMI 56 OUTB(value=0x41 'A', port=0x3f8 (COM1.THR)) at uart_putc+0x1c`. */
export function describeHypercall(guest: Guest, call: HypercallEvent, site: number): string {
  const { definition } = call;
  const list = definition.arguments
    .map((argument, index) => {
      const value = call.arguments[index];
      const single = { ...definition, arguments: [argument] };
      if (argument.format !== 'port') return describeCall(single, [value]);
      return `${argument.name}=${portText(guest, value, definition.io?.direction ?? 'out')}`;
    })
    .join(', ');
  const name = `${call.abi.toUpperCase()} ${call.number} ${call.name}`;
  return `hypercall ${name}(${list}) at ${guest.nameAt(site)}`;
}
