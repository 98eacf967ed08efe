import type { Clock } from '../ports/clock.js'
import type { XidHolder } from '../ports/monitor-store.js'

/** Tells a holder of the oldest transaction id that stays from those that come and go. */
export class LongHolders {
  readonly #clock: Clock
  readonly #longMs: number
  #seen: { readonly identity: string; readonly at: number } | undefined
  #held: XidHolder | undefined

  constructor(clock: Clock, longMs: number) {
    this.#clock = clock
    this.#longMs = longMs
  }

  /** Takes what a look has found. Returns who has just become a long holder, and who has just ceased to be one. */
  note(found: XidHolder | null): { readonly held?: XidHolder; readonly released?: XidHolder } {
    const before = this.#held
    const long = found !== null && this.#ageMs(found) >= this.#longMs
    if (before && found && long && identityOf(before) === identityOf(found)) return {}
    this.#held = long ? found : undefined
    return { ...(long && { held: found }), ...(before && { released: before }) }
  }

  // A slot does not tell since when: there the time counts for which it has been seen with the same id.
  #ageMs(found: XidHolder): number {
    const identity = identityOf(found)
    if (this.#seen?.identity !== identity) this.#seen = { identity, at: this.#clock.now() }
    return Math.max(this.#clock.now() - this.#seen.at, (found.ageSeconds ?? 0) * 1000)
  }
}

function identityOf({ kind, pid, name, xid }: XidHolder): string {
  return JSON.stringify([kind, pid, name, xid])
}
