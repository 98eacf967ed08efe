import { type FaultKind, faultKinds } from './plan.js'

/** What has happened, and when: the faults, counted, and what the relays told. */
export class History {
  readonly #began = performance.now()
  readonly #lines: string[] = []
  readonly #counts = new Map<FaultKind, number>(faultKinds.map((kind) => [kind, 0]))
  readonly #points = new Set<string>()

  /** How often each kind of fault has really happened. */
  get counts(): ReadonlyMap<FaultKind, number> {
    return this.#counts
  }

  /** The named points at which a relay was killed or paused. */
  get points(): ReadonlySet<string> {
    return this.#points
  }

  get lines(): readonly string[] {
    return this.#lines
  }

  injected(kind: FaultKind, what: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
    this.note(`FAULT ${kind}: ${what}`)
  }

  struck(point: string): void {
    this.#points.add(point)
  }

  note(line: string): void {
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(3)
    this.#lines.push(`${seconds.padStart(9)} ${line}`)
  }
}
