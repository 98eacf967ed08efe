import type { Account } from '../command/end-by-signal.js'

/** A message on its way into the outbox, and what is known of it for whoever interrupts that. */
export class Publication {
  #id: string | undefined
  #committed = false
  #seen = false
  #ended: Promise<void> = Promise.resolve()

  /** Runs `publish`, which tells the id of the message to its `commits` when nothing but COMMIT is left. */
  run(publish: (commits: (id: string) => void) => Promise<string>): Promise<string> {
    const published = publish((id) => {
      this.#id = id
    })
    this.#ended = published.then(
      () => {
        this.#committed = true
      },
      () => undefined,
    )
    return published
  }

  /** Consumers see it. */
  seen(): void {
    this.#seen = true
  }

  /** What can be said of it now. */
  account(): Account {
    const id = this.#id
    // A connection that ends before COMMIT rolls back.
    if (id === undefined) return { now: 'nothing was committed.' }
    if (this.#seen) return { now: `consumers see message ${id}.` }
    const committed = `committed as ${id}; it will be published by the relay. Do not send it again.`
    if (this.#committed) return { now: committed }
    return {
      now: `it is not known whether message ${id} was committed: look for it before you send it again.`,
      soon: this.#ended.then(() => (this.#committed ? committed : undefined)),
    }
  }
}
