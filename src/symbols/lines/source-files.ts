import { commonSuffix, mapPath, normalizePath, pathComponents } from './source-path';

/** A source file that some code was made from. */
export interface SourceFile {
  /** Where it is here: the compiler's path after the source map. */
  readonly path: string;
  /** What the compiler called it. */
  readonly compiledPath: string;
  /** MD5 of its text at compile time, 32 hexadecimal digits, where the compiler noted it. */
  readonly md5?: string;
}

/** The files of a program, one object each, and the search for the one that a client means. */
export class SourceFiles {
  private readonly byCompiledPath = new Map<string, SourceFile>();

  constructor(private readonly sourceMap: Readonly<Record<string, string>>) {}

  /** The one object for a normalized compiler's path. */
  intern(compiledPath: string, md5?: string): SourceFile {
    let file = this.byCompiledPath.get(compiledPath);
    if (!file) {
      file = { path: mapPath(compiledPath, this.sourceMap), compiledPath, ...(md5 && { md5 }) };
      this.byCompiledPath.set(compiledPath, file);
    }
    return file;
  }

  all(): SourceFile[] {
    return [...this.byCompiledPath.values()];
  }

  /**
   * The files that a client's path means, best kind of match only: the same path (before or after the source map), else
   * the longest common end, which is the base name at least, else the same ignoring case. Several files may match alike.
   */
  match(path: string): SourceFile[] {
    const wanted = normalizePath(path);
    const files = this.all();
    const exact = files.filter((file) => file.path === wanted || file.compiledPath === wanted);
    if (exact.length) return exact;
    const found = bySuffix(files, wanted, false);
    return found.length ? found : bySuffix(files, wanted, true);
  }
}

function bySuffix(files: readonly SourceFile[], wanted: string, ignoreCase: boolean): SourceFile[] {
  const target = pathComponents(wanted, ignoreCase);
  let best = 1;
  let found: SourceFile[] = [];
  for (const file of files) {
    const score = Math.max(
      commonSuffix(pathComponents(file.path, ignoreCase), target),
      commonSuffix(pathComponents(file.compiledPath, ignoreCase), target),
    );
    if (score > best) found = [];
    if (score >= best) found.push(file);
    best = Math.max(best, score);
  }
  return found;
}
