import type { Guest } from '../guest/guest';
import { CallSites, type Place } from '../stack/call-site';
import { hex32 } from '../text/hex';
import type { Site, SourcePlace } from './types';

/** Places remembered; more than this and the memory starts afresh. */
const CACHE_LIMIT = 65536;

/** Name of a file without its folders, whatever system the path is of. */
function fileName(path: string): string {
  return path.replace(/^.*[\\/]/, '');
}

/** Where addresses are in the source, remembered: tables ask for the same few sites over and over. */
export class Places {
  private readonly callSites: CallSites;
  private readonly known = new Map<number, Place>();

  constructor(guest: Guest) {
    this.callSites = new CallSites(guest);
  }

  /** The source line of a site; undefined where no line table has it. */
  sourceOf(site: number): SourcePlace | undefined {
    const { location, function: name } = this.placeOf(site);
    return location && { ...location, ...(name !== undefined && { function: name }) };
  }

  /** A site with what is known of it; its path is empty where no line table has it. */
  siteOf(site: number): Site {
    const { location, function: name } = this.placeOf(site);
    return {
      path: location?.path ?? '',
      line: location?.line ?? 0,
      ...(location?.column !== undefined && { column: location.column }),
      ...(name !== undefined && { function: name }),
      address: hex32(site),
    };
  }

  /** Name of the function (or label of assembly) that a site is in, without an offset; else its address. */
  functionOf(site: number): string {
    return this.placeOf(site).function?.replace(/\+0x[0-9a-f]+$/, '') ?? hex32(site);
  }

  /**
   * `uart.c:42`, with as many folders as tell it from the other files among `paths`; where no line is known,
   * `start32+0x1c` or the address.
   */
  lineOf(site: number, paths: ReadonlySet<string>): string {
    const { location, function: name } = this.placeOf(site);
    return location ? `${shortPath(location.path, paths)}:${location.line}` : (name ?? hex32(site));
  }

  private placeOf(site: number): Place {
    const known = this.known.get(site);
    if (known) return known;
    if (this.known.size >= CACHE_LIMIT) this.known.clear();
    const place = this.callSites.placeOf(site);
    this.known.set(site, place);
    return place;
  }
}

/** The shortest end of a path, in whole folders, that no other path ends with. */
function shortPath(path: string, paths: ReadonlySet<string>): string {
  const others = [...paths].filter((other) => other !== path && fileName(other) === fileName(path));
  const parts = path.split(/[\\/]/);
  for (let kept = 1; kept < parts.length; kept++) {
    const end = parts.slice(-kept).join('/');
    if (!others.some((other) => other.split(/[\\/]/).slice(-kept).join('/') === end)) return end;
  }
  return path;
}
