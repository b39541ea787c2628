/** How often each limit refused, cut or gave up something: a counter that never goes back. */
export class Refusals {
  #counts = new Map<string, number>();

  /** By the limit's name. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** @param limit undefined: what was refused has another reason than a limit */
  count(limit: string | undefined): void {
    if (limit !== undefined) this.#counts.set(limit, (this.#counts.get(limit) ?? 0) + 1);
  }
}
