import assert from 'node:assert/strict';
import { complaints } from './complaints';
import { LinuxConsole } from './console';
import { cachedImages } from './images';

const CLOCK = 'cat /sys/devices/system/clocksource/clocksource0/current_clocksource';

/** What the kernel finds, and what it takes from it. */
const WORLDS = [
  {
    hypervisor: 'vtx+kvm',
    detected: /Hypervisor detected: KVM/,
    uses: /kvm-clock: Using msrs 4b564d01 and 4b564d00/,
    clock: /^kvm-clock$/m,
  },
  {
    hypervisor: 'trap+vmware',
    detected: /Hypervisor detected: VMware/,
    uses: /vmware: TSC freq read from hypervisor : 1000\.000 MHz/,
    clock: /^tsc$/m,
  },
] as const;

describe("Debian's Linux 6.1 on hypercalls", function () {
  this.timeout(600_000);
  let linux: LinuxConsole | undefined;

  afterEach(() => linux?.kill());

  for (const { hypervisor, detected, uses, clock } of WORLDS) {
    it(`finds its hypervisor under ${hypervisor}, and goes by its clock`, async function () {
      const images = cachedImages('686');
      if (!images) this.skip();
      linux = new LinuxConsole(images, { hypervisor, cpu: 'pentium3' });
      await linux.shell();
      assert.match(linux.text, detected);
      assert.match(linux.text, uses);
      assert.match(await linux.run(CLOCK), clock);
      assert.deepEqual(complaints(linux.text), []);
      linux.type('reboot -f\n');
      assert.equal(await linux.end(), 0, linux.messages);
    });
  }
});
