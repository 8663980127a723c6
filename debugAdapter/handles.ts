/** The largest handle that the protocol allows. */
const LAST_HANDLE = 0x7fffffff;

/**
 * Numbers for things that live until the guest runs again. A number is not used twice in a session, so
 * that a stale one is told from a live one.
 */
export class Handles<T> {
  private readonly things = new Map<number, T>();
  private next = 1;

  add(thing: T): number {
    if (this.next > LAST_HANDLE) this.next = 1;
    this.things.set(this.next, thing);
    return this.next++;
  }

  get(handle: number): T | undefined {
    return this.things.get(handle);
  }

  clear(): void {
    this.things.clear();
  }
}
