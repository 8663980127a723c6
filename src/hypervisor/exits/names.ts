/** Numbers for the few names that recur in exit records (reasons, hypercalls), so that they fit typed arrays. */
export class Names {
  private readonly ids = new Map<string, number>();
  private readonly names: string[] = [];
  /** Exits come in runs of one kind: the name asked for last. */
  private lastName: string | undefined;
  private lastId = 0;

  /** Number of a name, given out on first use: 0, 1, 2 … */
  idOf(name: string): number {
    if (name === this.lastName) return this.lastId;
    let id = this.ids.get(name);
    if (id === undefined) {
      id = this.names.push(name) - 1;
      this.ids.set(name, id);
    }
    this.lastName = name;
    this.lastId = id;
    return id;
  }

  nameOf(id: number): string {
    return this.names[id];
  }
}
