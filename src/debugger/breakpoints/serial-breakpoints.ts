import { EXIT_STOP } from '../../machine/layout';
import type { Guest } from '../guest/guest';
import { quote } from '../text/escapes';
import type { Breakpoint } from './breakpoint';
import type { StopCollector } from './stop-collector';

/** A breakpoint on text that the guest sends. */
export interface SerialBreakpoint {
  readonly breakpoint: Breakpoint;
  readonly port: string;
  readonly text: string;
}

/** Finds a text in a stream of bytes (Knuth, Morris and Pratt: no byte is looked at twice). */
export class StreamMatcher {
  private readonly pattern: number[];
  /** For each length of a matched beginning, the longest shorter one that also ends there. */
  private readonly fallback: number[];
  private matched = 0;

  /** @param text not empty; characters are bytes */
  constructor(text: string) {
    this.pattern = Array.from(text, (character) => character.charCodeAt(0) & 0xff);
    this.fallback = [0, 0];
    for (let length = 1, candidate = 0; length < this.pattern.length; length++) {
      while (candidate > 0 && this.pattern[length] !== this.pattern[candidate]) candidate = this.fallback[candidate];
      if (this.pattern[length] === this.pattern[candidate]) candidate++;
      this.fallback[length + 1] = candidate;
    }
  }

  /** Takes the next byte; true if the text ends with it. Occurrences may overlap. */
  push(byte: number): boolean {
    while (this.matched > 0 && this.pattern[this.matched] !== byte) this.matched = this.fallback[this.matched];
    if (this.pattern[this.matched] === byte) this.matched++;
    if (this.matched < this.pattern.length) return false;
    this.matched = this.fallback[this.matched];
    return true;
  }
}

/** Breakpoints on what the guest sends through its UARTs. */
export class SerialBreakpoints {
  private entries: { entry: SerialBreakpoint; matcher: StreamMatcher }[] = [];

  constructor(
    private readonly guest: Guest,
    private readonly stops: StopCollector,
  ) {}

  install(breakpoints: readonly SerialBreakpoint[]): void {
    this.entries = breakpoints.map((entry) => ({ entry, matcher: new StreamMatcher(entry.text) }));
  }

  /** A UART has sent a byte. */
  transmitted(port: string, byte: number): void {
    for (const { entry, matcher } of this.entries) {
      if (entry.port !== port || !matcher.push(byte) || entry.breakpoint.occur() !== 'stop') continue;
      this.stops.addAccess(
        entry.breakpoint,
        `${port} sent ${quote(entry.text)}, at ${this.guest.nameAt(this.guest.pc)}`,
      );
      this.guest.state.requestExit(EXIT_STOP);
    }
  }
}
