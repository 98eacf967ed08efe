import type { ParkedPlace } from '../ports/inbox-parking.js'
import type { ResolvedInboxOptions } from './inbox-options.js'

/**
 * Claims of parked messages that have ended while the database could not be told. They are given back before the next claim: a start
 * that its process has survived must not be taken for one that killed it.
 */
export class UnendedClaims<Tx> {
  readonly #options: ResolvedInboxOptions<Tx>
  readonly #places = new Set<ParkedPlace>()

  constructor(options: ResolvedInboxOptions<Tx>) {
    this.#options = options
  }

  /** Tells the database how a claim has ended. */
  async end(place: ParkedPlace, tell: () => Promise<void>): Promise<void> {
    try {
      await tell()
    } catch (error) {
      this.#places.add(place)
      throw error
    }
  }

  /** Gives a claim back that came to nothing. */
  giveBack(place: ParkedPlace): Promise<void> {
    const { store, name } = this.#options
    return this.end(place, () => store.parking.returnClaim(name, place))
  }

  /** Gives back what has ended untold. Whoever else does so at the same time has taken other ones. */
  async giveBackAll(): Promise<void> {
    for (const place of [...this.#places]) if (this.#places.delete(place)) await this.giveBack(place)
  }
}
