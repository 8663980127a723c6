import type { Device, DeviceState } from './device';

/**
 * Checks that a saved state is one that the device can load.
 * @throws RangeError naming the device and both versions
 */
export function checkVersion(device: Pick<Device, 'name'>, state: DeviceState, version: number): void {
  if (state.version === version) return;
  throw new RangeError(`${device.name}: saved state has version ${state.version}, ${version} is wanted`);
}
