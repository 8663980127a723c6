/**
 * Why a configuration is refused while the workspace is not trusted: a guest from it could write files of the host.
 * @returns undefined if there is nothing to refuse
 */
export function refusalInUntrustedWorkspace(configuration: Record<string, unknown>): string | undefined {
  const serial = configuration.serial;
  if (typeof serial === 'object' && serial !== null) {
    for (const [port, side] of Object.entries(serial)) {
      if (typeof side === 'string' && side.startsWith('file:')) {
        return `This workspace is not trusted: serial.${port} would write to a file. Trust the workspace, or use "terminal".`;
      }
    }
  }
  const drives: unknown[] = Array.isArray(configuration.drives) ? configuration.drives : [];
  const index = drives.findIndex((drive) => (drive as { snapshot?: unknown } | null)?.snapshot === false);
  if (index < 0) return undefined;
  return `This workspace is not trusted: drives[${index}] with "snapshot": false would change its file. Trust the workspace, or leave "snapshot" out.`;
}
