import { ICED_ASSET } from './disassembly/iced';
import { readLaunchFiles } from './launch/files';
import { DebugSession } from './session/debug-session';
import type { Host, LaunchConfiguration, Session } from './types';

export { EXCEPTION_FILTERS } from './breakpoints/exception-filters';

/**
 * Reads what a launch configuration names and sets the guest up, stopped before its first instruction.
 * @throws LaunchError with a message for the user
 */
export async function createSession(configuration: LaunchConfiguration, host: Host): Promise<Session> {
  const [files, disassembler] = await Promise.all([readLaunchFiles(configuration, host), host.readAsset(ICED_ASSET)]);
  return new DebugSession(configuration, files, host, disassembler);
}
