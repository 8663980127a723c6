import assert from 'node:assert/strict';
import { ringside } from './support';

describe('ringside: options of VMI', () => {
  it('reach the launch configuration', async () => {
    const argv = ['run', 'g.elf', '--vmi-privilege', '0', '--vmi-virtual-top', '0xfc000000'];
    const { engine } = await ringside([...argv, '--vmi-answer', 'OUTB=none', '--vmi-answer', 'IRET=call'], (session) =>
      session.emit({ type: 'ended', end: { how: 'limit', exitCode: 1, text: 'limit' } }),
    );
    const { vmi } = engine.session.configuration.hypervisor;
    assert.deepEqual([vmi?.privilege, vmi?.virtualTop, vmi?.answers], [0, 0xfc000000, { OUTB: 'none', IRET: 'call' }]);
  });

  for (const [option, value, message] of [
    ['--vmi-privilege', '2', '--vmi-privilege: expected 0 or 1, got "2".'],
    ['--vmi-virtual-top', 'high', '--vmi-virtual-top: expected an address such as 0xfc000000, got "high".'],
    ['--vmi-answer', 'OUTB', '--vmi-answer: expected NAME=call, jump, nop or none, got "OUTB".'],
    ['--vmi-answer', 'OUTB=no', '--vmi-answer: expected NAME=call, jump, nop or none, got "OUTB=no".'],
  ] as const) {
    it(`${option} ${value} is refused`, async () => {
      const { status, console } = await ringside(['run', 'g.elf', option, value]);
      assert.deepEqual([status, console.stderr], [2, `ringside: ${message}\n`]);
    });
  }
});
