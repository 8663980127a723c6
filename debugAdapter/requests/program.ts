import type { DebugProtocol } from '@vscode/debugprotocol';
import { ErrorCode, messageOf, RequestError } from '../errors';
import { memoryReference } from '../presentation/address';
import { integer, object, optional, string } from '../schema/schema';
import { type RequestTable, request } from './request';

/** Requests about what is loaded: images and their sources. */
export const programRequests: RequestTable = {
  modules: request(
    object({ startModule: optional(integer(0)), moduleCount: optional(integer(0)) }),
    (context, { startModule = 0, moduleCount = 0 }) => {
      const all = context.session.inspect.modules();
      const modules = all
        .slice(startModule, moduleCount === 0 ? undefined : startModule + moduleCount)
        .map(({ id, name, path, address, size, symbols }) => ({
          id,
          name,
          ...(path === undefined ? {} : { path: context.client.path(path) }),
          addressRange: `${memoryReference(address)}-${memoryReference(address + Math.max(size, 1) - 1)}`,
          size,
          symbolStatus: symbols,
        }));
      return { modules, totalModules: all.length } satisfies DebugProtocol.ModulesResponse['body'];
    },
  ),

  loadedSources: request(object({}), (context) => {
    const sources = context.session.inspect.sources().map((path) => context.client.source(path));
    return { sources } satisfies DebugProtocol.LoadedSourcesResponse['body'];
  }),

  /** For clients that cannot open files themselves. Gives source files of the guest only, nothing else of the host. */
  source: request(
    object({ source: optional(object({ path: optional(string) })), sourceReference: optional(integer()) }),
    async (context, { source }) => {
      const path = source?.path === undefined ? undefined : context.client.enginePath(source.path);
      if (path === undefined || !context.session.inspect.sources().includes(path)) {
        throw new RequestError(ErrorCode.BadValue, `${source?.path ?? 'source.path'}: no source file of this guest.`);
      }
      try {
        const content = new TextDecoder().decode(await context.host.readFile(path));
        return { content } satisfies DebugProtocol.SourceResponse['body'];
      } catch (error) {
        throw new RequestError(ErrorCode.BadValue, messageOf(error));
      }
    },
  ),
};
