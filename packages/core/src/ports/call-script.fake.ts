/**
 * What happens at each call of a fake port: it is written down, and may be held or fail as a spec says. Several fakes
 * share one script, so that the order of calls to different ports shows.
 */
export class CallScript {
  readonly calls: string[] = []
  readonly #errors = new Map<string, unknown[]>()
  readonly #gates = new Map<string, Promise<void>>()

  /** The next call of `name` that is not yet spoken for rejects with `error`. */
  failNext(name: string, ...errors: readonly unknown[]): void {
    this.#errors.set(name, [...(this.#errors.get(name) ?? []), ...errors])
  }

  /** Calls of `name` wait until the function that is returned is called. */
  hold(name: string): () => void {
    let open = (): void => undefined
    this.#gates.set(
      name,
      new Promise((resolve) => {
        open = () => {
          this.#gates.delete(name)
          resolve()
        }
      }),
    )
    return open
  }

  /** Writes `name` and `detail` down. */
  async enter(name: string, detail?: string | number): Promise<void> {
    this.calls.push(detail === undefined ? name : `${name} ${detail}`)
    await this.pass(name)
  }

  /** As {@link enter}, for what is a part of a call: it is not written down. */
  async pass(name: string): Promise<void> {
    await this.#gates.get(name)
    const error = this.#errors.get(name)?.shift()
    if (error !== undefined) throw error
  }

  /** The calls of `names`, in their order, and forgets all calls. */
  take(...names: readonly string[]): string[] {
    const taken = this.calls.filter((call) => names.includes(call.split(' ')[0] ?? ''))
    this.calls.length = 0
    return taken
  }
}
