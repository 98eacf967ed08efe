/** A message between a client and a server that is lost on its way. */
export interface Loss {
  /** `request`: the server never sees it. `reply`: the server has done what was asked, and the client never hears so. */
  readonly lost: 'request' | 'reply'
  /**
   * What becomes of the connection, for no TCP connection goes on behind a gap: `cut` resets it, `half-open` leaves it
   * open and silent for ever.
   */
  readonly connection: 'cut' | 'half-open'
}

/** What is looked for, and what happens when it comes. */
export interface ArmedLoss<Request> extends Loss {
  readonly matches: (request: Request) => boolean
}

/** The losses that wait for their message, across all connections of a proxy. Each strikes once. */
export class ArmedLosses<Request> {
  readonly #armed = new Map<ArmedLoss<Request>, () => void>()

  /** Resolves to true when the loss has struck, and to false when `signal` aborts first. */
  arm(loss: ArmedLoss<Request>, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false)
    return new Promise((resolve) => {
      const settle = (struck: boolean): void => {
        this.#armed.delete(loss)
        signal?.removeEventListener('abort', giveUp)
        resolve(struck)
      }
      const giveUp = (): void => settle(false)
      signal?.addEventListener('abort', giveUp)
      this.#armed.set(loss, () => settle(true))
    })
  }

  /** The loss that `request`, or the reply to it, falls victim to. */
  strike(lost: Loss['lost'], request: Request): Loss | undefined {
    for (const [loss, struck] of this.#armed) {
      if (loss.lost !== lost || !loss.matches(request)) continue
      struck()
      return loss
    }
    return undefined
  }
}
