/** Cuts a stream into the messages that a length at a fixed place tells apart. */
export class MessageFrames {
  readonly #lengthAt: number
  readonly #lengthCountsItself: boolean
  #rest: Buffer = Buffer.alloc(0)

  /** `lengthAt`: bytes before the four of the length, which does not count those before it. */
  constructor(lengthAt: number, lengthCountsItself: boolean) {
    this.#lengthAt = lengthAt
    this.#lengthCountsItself = lengthCountsItself
  }

  /** The messages that `bytes` have made whole, each with its length in it. */
  push(bytes: Buffer): Buffer[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const frames: Buffer[] = []
    for (let frame = this.#next(); frame; frame = this.#next()) frames.push(frame)
    return frames
  }

  #next(): Buffer | undefined {
    const head = this.#lengthAt + 4
    if (this.#rest.length < head) return undefined
    const length = this.#rest.readInt32BE(this.#lengthAt)
    const end = (this.#lengthCountsItself ? this.#lengthAt : head) + length
    if (this.#rest.length < end) return undefined
    const frame = this.#rest.subarray(0, end)
    this.#rest = this.#rest.subarray(end)
    return frame
  }
}
