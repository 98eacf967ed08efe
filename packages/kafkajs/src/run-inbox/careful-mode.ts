import type { Delivery, Inbox, Position } from '@pigeonhole/core'
import type { OffsetCommitter } from './offset-committer.js'
import { messageKillsProcess } from './partition-errors.js'

/**
 * The number of times that a partition may be begun at one offset until each start of a message is written down. Twice may
 * be two deployments in a hurry.
 */
const carefulAt = 3

/** So many starts without an end a message may have whatever `attempts` says: each consumer that is paused leaves one. */
const fewestStarts = 3

/** Where no positions are kept the group's offsets say where to go on, and lag behind by as many messages, at a guess. */
const lag = 1_000

/** What {@link CarefulMode} is made from. */
export interface CarefulModeSetup {
  readonly inbox: Pick<
    Inbox<never>,
    'keepsPositions' | 'claimPosition' | 'waitForTurn' | 'startMessage' | 'endMessage' | 'finishMessage'
  >
  readonly offsets: Pick<OffsetCommitter, 'flush'>
  /** How many messages one transaction may handle: one of them is to blame. */
  readonly group: number
  readonly attempts: number
  /** Hears that a partition is handled with care from here on. */
  readonly began: (position: Position, count: { readonly claims: number; readonly starts: number }) => void
}

/** What is done with a message that is handled with care. Both resolve to how many messages are done. */
export interface CarefulWork {
  readonly handle: () => Promise<number>
  /** Instead of a start: it has had so many without an end. */
  readonly park: (starts: number) => Promise<number>
}

/**
 * Finds the message of a partition that kills its process. Nothing is left of such an attempt but what was committed before
 * it. A partition that was begun several times at one offset, and got no further, is handled with care: one message at a time,
 * each start committed by itself, and nothing else in the process meanwhile.
 */
export class CarefulMode {
  readonly #setup: CarefulModeSetup
  #isClaimed = false
  #left = 0
  /** A start that has ended, of which the database could not be told. */
  #unended: Position | undefined
  /** The offset of a message that has had its starts, when it was looked at. */
  #suspect: bigint | undefined

  constructor(setup: CarefulModeSetup) {
    this.#setup = setup
  }

  /** Whether the next message is to be handled with care. */
  get isOn(): boolean {
    return this.#left > 0
  }

  /** The partition's first message in these hands is about to be handled. Idle ones are begun by nobody. */
  async claim(position: Position): Promise<void> {
    const { inbox, group, attempts, began } = this.#setup
    if (this.#isClaimed || attempts === Number.POSITIVE_INFINITY) return
    const count = await inbox.claimPosition(position)
    this.#isClaimed = true
    if (count.claims < carefulAt && count.starts === 0) return
    this.#left = inbox.keepsPositions ? group : Math.max(group, lag)
    began(position, count)
  }

  /**
   * Waits for whoever holds a message: as long as a handler takes, so that it is done while others still handle in the process.
   */
  waitForTurn(delivery: Delivery): Promise<void> {
    return this.#setup.inbox.waitForTurn(delivery)
  }

  /**
   * Handles one message with care.
   * @throws MESSAGE_KILLS_PROCESS, and whatever `handle` and `park` throw. It is to be tried again.
   */
  async handle(position: Position, { handle, park }: CarefulWork): Promise<number> {
    const { inbox, offsets, attempts } = this.#setup
    await this.#end()
    if (!inbox.keepsPositions) await offsets.flush()
    const starts = await inbox.startMessage(position)
    // Another owner has passed it: nothing of it is going to run here.
    if (starts === undefined) return await handle()
    this.#unended = position
    let done = 0
    try {
      if (starts > Math.max(attempts, fewestStarts)) {
        this.#seeAgain(position, starts - 1)
        done = await park(starts - 1)
      } else done = await handle()
    } finally {
      if (done > 0) this.#unended = undefined
      else await this.#end().catch(() => undefined)
    }
    // A rewind may bring it again, and each time that it was done with care would count as one that killed the process.
    if (done > 0) await inbox.finishMessage(position).catch(() => undefined)
    this.#left -= done
    return done
  }

  // An owner that had the position until now may have survived its start, and not have said so yet.
  #seeAgain({ topic, partition, offset }: Position, starts: number): void {
    if (this.#suspect === offset) return
    this.#suspect = offset
    throw messageKillsProcess({ topic, partition }, String(offset), starts)
  }

  async #end(): Promise<void> {
    if (!this.#unended) return
    await this.#setup.inbox.endMessage(this.#unended)
    this.#unended = undefined
  }
}
