import assert from 'node:assert/strict';
import { isIoAccessor, markAccessors } from '../../src/debugger/stack/io-accessors';
import type { Frame } from '../../src/debugger/types';

const frame = (name: string, line?: number): Frame => ({
  name,
  address: 0x100000,
  inlined: false,
  selector: 8,
  ...(line !== undefined && { source: { path: '/guest/driver.c', line } }),
});

describe('I/O accessors', () => {
  it('are known by the names that kernels give them', () => {
    for (const name of [
      'outb',
      'inl',
      'insw',
      'native_outsl',
      'vmi_inb',
      'outb_p',
      'io_delay',
      '__inb',
      'port_write8',
    ]) {
      assert.ok(isIoAccessor(name), name);
    }
    for (const name of ['uart_putc', 'output', 'insert', 'main', 'inbox', 'vmi_init', 'outbound_b']) {
      assert.ok(!isIoAccessor(name), name);
    }
  });

  it('are marked down to the first frame with source that is none', () => {
    const marked = markAccessors([frame('VMI OUTB'), frame('vmi_outb', 66), frame('uart_putc', 62), frame('outb', 3)]);
    assert.deepEqual(
      marked.map(({ accessor = false }) => accessor),
      [true, true, false, false],
    );
  });

  it('are left alone where no other frame has source', () => {
    const marked = markAccessors([frame('VMI OUTB'), frame('vmi_outb', 66)]);
    assert.ok(marked.every(({ accessor }) => !accessor));
  });
});
