import type { BitField, PortDirection, PortRegister } from '../device';

/** Interrupt enable register. */
export const IER_RECEIVED = 0x01;
export const IER_EMPTY = 0x02;
export const IER_LINE = 0x04;
export const IER_MODEM = 0x08;

/** Interrupt identification, by falling priority. */
export enum InterruptId {
  Line = 0x06,
  Received = 0x04,
  Timeout = 0x0c,
  Empty = 0x02,
  Modem = 0x00,
  None = 0x01,
}
export const IIR_FIFO = 0xc0;

/** FIFO control register. */
export const FCR_ENABLE = 0x01;
export const FCR_CLEAR_RECEIVER = 0x02;
export const FCR_CLEAR_TRANSMITTER = 0x04;
/** Bytes in the receiver FIFO that raise an interrupt, by FCR bits 7-6. */
export const TRIGGER_LEVELS = [1, 4, 8, 14];

/** Line control register. */
export const LCR_STOP = 0x04;
export const LCR_PARITY = 0x08;
export const LCR_BREAK = 0x40;
export const LCR_DLAB = 0x80;

/** Modem control register. */
export const MCR_DTR = 0x01;
export const MCR_RTS = 0x02;
export const MCR_OUT1 = 0x04;
export const MCR_OUT2 = 0x08;
export const MCR_LOOP = 0x10;

/** Line status register. */
export const LSR_READY = 0x01;
export const LSR_OVERRUN = 0x02;
export const LSR_BREAK = 0x10;
export const LSR_ERRORS = 0x1e;
export const LSR_EMPTY = 0x20;
export const LSR_IDLE = 0x40;
export const LSR_FIFO_ERROR = 0x80;

/** Modem status register. */
export const MSR_TRAILING_RING = 0x04;
export const MSR_DELTAS = 0x0f;
export const MSR_CTS = 0x10;
export const MSR_DSR = 0x20;
export const MSR_RI = 0x40;
export const MSR_DCD = 0x80;

/** Offsets of the ports from the base. */
export enum UartPort {
  Data = 0,
  InterruptEnable = 1,
  InterruptId = 2,
  LineControl = 3,
  ModemControl = 4,
  LineStatus = 5,
  ModemStatus = 6,
  Scratch = 7,
}

const bit = (name: string, at: number, doc?: string): BitField => ({ name, low: at, high: at, doc });

interface Template {
  offset: UartPort;
  name: string;
  direction?: PortDirection;
  doc: string;
  fields?: BitField[];
}

const TEMPLATES: readonly Template[] = [
  { offset: UartPort.Data, name: 'RBR', direction: 'in', doc: 'Receiver buffer: the oldest byte received.' },
  { offset: UartPort.Data, name: 'THR', direction: 'out', doc: 'Transmitter holding register: the byte to send.' },
  { offset: UartPort.Data, name: 'DLL', doc: 'Divisor latch, low byte (DLAB = 1): 115200 / divisor is the bit rate.' },
  {
    offset: UartPort.InterruptEnable,
    name: 'IER',
    doc: 'Interrupt enable register.',
    fields: [
      bit('EDSSI', 3, 'Modem status changes.'),
      bit('ELSI', 2, 'Receiver errors and break.'),
      bit('ETBEI', 1, 'Transmitter holding register empty.'),
      bit('ERBFI', 0, 'Data received, and time-out of the receiver FIFO.'),
    ],
  },
  { offset: UartPort.InterruptEnable, name: 'DLM', doc: 'Divisor latch, high byte (DLAB = 1).' },
  {
    offset: UartPort.InterruptId,
    name: 'IIR',
    direction: 'in',
    doc: 'Interrupt identification register: the pending interrupt of the highest priority.',
    fields: [
      { name: 'FIFO', low: 6, high: 7, values: { 0: 'FIFOs off', 3: 'FIFOs on' } },
      {
        name: 'ID',
        low: 0,
        high: 3,
        values: {
          [InterruptId.Line]: 'receiver line status',
          [InterruptId.Received]: 'received data available',
          [InterruptId.Timeout]: 'receiver time-out',
          [InterruptId.Empty]: 'transmitter holding register empty',
          [InterruptId.Modem]: 'modem status',
          [InterruptId.None]: 'none',
        },
      },
    ],
  },
  {
    offset: UartPort.InterruptId,
    name: 'FCR',
    direction: 'out',
    doc: 'FIFO control register.',
    fields: [
      { name: 'TRIGGER', low: 6, high: 7, values: { 0: '1 byte', 1: '4 bytes', 2: '8 bytes', 3: '14 bytes' } },
      bit('DMA', 3, 'DMA mode; of no use in a PC.'),
      bit('XFIFOR', 2, 'Clears the transmitter FIFO.'),
      bit('RFIFOR', 1, 'Clears the receiver FIFO.'),
      bit('FIFOE', 0, 'Enables the FIFOs.'),
    ],
  },
  {
    offset: UartPort.LineControl,
    name: 'LCR',
    doc: 'Line control register: the frame, break, and access to the divisor.',
    fields: [
      bit('DLAB', 7, 'The first two ports are the divisor latch.'),
      bit('BREAK', 6, 'Holds the line in break.'),
      { name: 'PARITY', low: 3, high: 5, values: { 0: 'none', 1: 'odd', 3: 'even', 5: 'mark', 7: 'space' } },
      { name: 'STOP', low: 2, high: 2, values: { 0: '1 stop bit', 1: '1.5 or 2 stop bits' } },
      { name: 'WLS', low: 0, high: 1, values: { 0: '5 bits', 1: '6 bits', 2: '7 bits', 3: '8 bits' } },
    ],
  },
  {
    offset: UartPort.ModemControl,
    name: 'MCR',
    doc: 'Modem control register.',
    fields: [
      bit('LOOP', 4, 'Loopback: the transmitter feeds the receiver.'),
      bit('OUT2', 3, 'Lets the interrupt through to the PC.'),
      bit('OUT1', 2),
      bit('RTS', 1, 'Request to send.'),
      bit('DTR', 0, 'Data terminal ready.'),
    ],
  },
  {
    offset: UartPort.LineStatus,
    name: 'LSR',
    doc: 'Line status register. Reading clears the errors.',
    fields: [
      bit('FIFOERR', 7, 'A byte in the receiver FIFO has an error.'),
      bit('TEMT', 6, 'Transmitter empty and idle.'),
      bit('THRE', 5, 'Transmitter holding register (FIFO) empty.'),
      bit('BI', 4, 'Break received.'),
      bit('FE', 3, 'Framing error.'),
      bit('PE', 2, 'Parity error.'),
      bit('OE', 1, 'Overrun: a byte was lost.'),
      bit('DR', 0, 'A byte has been received.'),
    ],
  },
  {
    offset: UartPort.ModemStatus,
    name: 'MSR',
    doc: 'Modem status register. Reading clears the changes.',
    fields: [
      bit('DCD', 7, 'Data carrier detect.'),
      bit('RI', 6, 'Ring indicator.'),
      bit('DSR', 5, 'Data set ready.'),
      bit('CTS', 4, 'Clear to send.'),
      bit('DDCD', 3, 'DCD has changed.'),
      bit('TERI', 2, 'RI has ended.'),
      bit('DDSR', 1, 'DSR has changed.'),
      bit('DCTS', 0, 'CTS has changed.'),
    ],
  },
  { offset: UartPort.Scratch, name: 'SCR', doc: 'Scratch register; the UART makes no use of it.' },
];

/** Registers of a 16550A in the datasheet's terms. */
export function uartRegisters(base: number): PortRegister[] {
  return TEMPLATES.map(({ offset, ...rest }) => ({ port: base + offset, ...rest }));
}
