/** What a memory store has committed, at one moment. Opaque but for what is named here. */
export interface MemoryImage {
  readonly systemIdentifier: string
  readonly tables: readonly ReadonlyMap<string, unknown>[]
  /** The last transaction id that was given out. */
  readonly lastXid: number
  /** The last `seq` that was given out. */
  readonly lastSeq: number
  /** The last place that was given to a parked message. */
  readonly lastPlace: number
}
