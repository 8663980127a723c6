import type { LaunchConfiguration } from '../../debugger/types';

type Mode = LaunchConfiguration['hypervisor']['mode'];
export type Driver = 'native' | 'virtio';

/** A kind of driver under a kind of hypervisor. */
export interface World {
  readonly id: string;
  /** In tables and plots. */
  readonly label: string;
  readonly driver: Driver;
  readonly mode: Mode;
  /** Hypercall interfaces beside those of the mode; none if left out. */
  readonly abis?: readonly string[];
}

export interface Workload {
  /** Word after `workload=` on the guest's command line. */
  readonly name: string;
  readonly doc: string;
  /** Drivers that can do it. */
  readonly drivers: readonly Driver[];
}

/** The first is what the others are compared with. */
export const WORLDS: readonly World[] = [
  { id: 'native-trap', label: 'native drivers, trapped', driver: 'native', mode: 'trap' },
  { id: 'native-vmi', label: 'native drivers, I/O hypercalls', driver: 'native', mode: 'vmi' },
  { id: 'native-lguest', label: 'native drivers, lguest calls', driver: 'native', mode: 'trap', abis: ['lguest'] },
  { id: 'virtio-trap', label: 'virtio drivers, trapped', driver: 'virtio', mode: 'trap' },
  { id: 'virtio-vmi', label: 'virtio drivers, I/O hypercalls', driver: 'virtio', mode: 'vmi' },
  { id: 'native-vtx', label: 'native drivers, VT-x', driver: 'native', mode: 'vtx' },
  { id: 'native-kvm', label: 'native drivers, VMCALLs', driver: 'native', mode: 'vtx', abis: ['kvm'] },
  { id: 'virtio-vtx', label: 'virtio drivers, VT-x', driver: 'virtio', mode: 'vtx' },
  { id: 'native-none', label: 'native drivers, bare metal', driver: 'native', mode: 'none' },
];

export const WORKLOADS: readonly Workload[] = [
  { name: 'console', doc: '128 lines of 64 characters to a serial console', drivers: ['native', 'virtio'] },
  { name: 'disk', doc: '640 sectors read and written, by PIO or by virtio-blk', drivers: ['native', 'virtio'] },
  { name: 'polling', doc: '20 000 reads of a status port', drivers: ['native'] },
  { name: 'strings', doc: '512 bytes out and in, 64 times, as bytes, words and dwords', drivers: ['native'] },
  {
    name: 'compute',
    doc: 'checksums over 256 KiB, and a dot on the console now and then',
    drivers: ['native', 'virtio'],
  },
];

/** What one run is of. */
export interface Setting {
  readonly profile: string;
  readonly workload: Workload;
  readonly world: World;
}

/** All runs, in the order of the report. */
export function settings(profiles: readonly string[], workloads: readonly Workload[]): Setting[] {
  return profiles.flatMap((profile) =>
    workloads.flatMap((workload) =>
      WORLDS.filter(({ driver }) => workload.drivers.includes(driver)).map((world) => ({ profile, workload, world })),
    ),
  );
}
