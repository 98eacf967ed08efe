import { randomUUID } from 'node:crypto'
import { PigeonholeError } from '../../errors/pigeonhole-error.js'
import type { Clock } from '../../ports/clock.js'
import type { RelayStore } from '../../ports/relay-store.js'

const renewMs = 2_000
const tries = 10

/** The lease of a shard, taken whoever holds it: an operator has decided. What was guarded by its last token is void. */
export class ForcedLease {
  readonly token: string = randomUUID()
  readonly #store: RelayStore
  readonly #shard: number
  readonly #holder: string = `adopt-${randomUUID()}`
  readonly #released = new AbortController()
  #renewing: Promise<void> = Promise.resolve()

  private constructor(store: RelayStore, shard: number) {
    this.#store = store
    this.#shard = shard
  }

  /** @throws LEASE_LOST when others take it again and again. */
  static async take(store: RelayStore, clock: Clock, shard: number): Promise<ForcedLease> {
    const lease = new ForcedLease(store, shard)
    await lease.#take()
    lease.#renewing = lease.#renew(clock)
    return lease
  }

  /** Gives it up, so that a standby takes over at once. Never rejects. */
  async release(): Promise<void> {
    this.#released.abort()
    await this.#renewing
    await this.#store.releaseLease({ shard: this.#shard, holder: this.#holder }).catch(() => undefined)
  }

  // Another process may take it by force as well before the token is changed.
  async #take(): Promise<void> {
    const store = this.#store
    const own = { shard: this.#shard, holder: this.#holder }
    for (let attempt = 0; attempt < tries; attempt++) {
      await store.seizeLease(own)
      if (await store.changeToken({ ...own, token: this.token })) return
    }
    throw new PigeonholeError('LEASE_LOST', {
      message: `The lease of shard ${this.#shard} cannot be taken: other processes take it again and again. Stop the relays first`,
      details: { shard: this.#shard },
    })
  }

  // Only keeps relays from interfering: whether it is still held, the guard of each transaction decides.
  async #renew(clock: Clock): Promise<void> {
    const { signal } = this.#released
    for (;;) {
      await clock.sleep(renewMs, signal)
      if (signal.aborted) return
      await this.#store.renewLease({ shard: this.#shard, holder: this.#holder }).catch(() => undefined)
    }
  }
}
