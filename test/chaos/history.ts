import { type FaultKind, faultKinds } from './plan.js'
import { strikes } from './strikes.js'

/** What has happened, and when: the faults, counted, and what the relays told. */
export class History {
  readonly #began = performance.now()
  readonly #lines: string[] = []
  readonly #counts = new Map<FaultKind, number>(faultKinds.map((kind) => [kind, 0]))
  readonly #missed = new Map<FaultKind, number>()
  readonly #struck = new Set<string>()
  readonly #follow: (line: string) => void

  /** `follow` hears each line at once. */
  constructor(follow: (line: string) => void = () => undefined) {
    this.#follow = follow
  }

  /** How often each kind of fault has really happened. */
  get counts(): ReadonlyMap<FaultKind, number> {
    return this.#counts
  }

  /** How often a fault was planned and found nothing to do. */
  get missed(): ReadonlyMap<FaultKind, number> {
    return this.#missed
  }

  /** How many named points were struck. */
  get struckPoints(): number {
    return this.#struck.size
  }

  /** The named points at which no process was killed or paused. */
  get unstruckPoints(): readonly string[] {
    return Object.values(strikes)
      .flat()
      .map(({ name }) => name)
      .filter((name) => !this.#struck.has(name))
  }

  get lines(): readonly string[] {
    return this.#lines
  }

  injected(kind: FaultKind, what: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
    this.note(`FAULT ${kind}: ${what}`)
  }

  missedOut(kind: FaultKind, why: string): void {
    this.#missed.set(kind, (this.#missed.get(kind) ?? 0) + 1)
    this.note(`NOT INJECTED ${kind}: ${why}`)
  }

  /** A process was killed or paused at the point of that name. */
  struck(name: string): void {
    this.#struck.add(name)
  }

  note(line: string): void {
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(3)
    const stamped = `${seconds.padStart(9)} ${line}`
    this.#lines.push(stamped)
    this.#follow(stamped)
  }
}
