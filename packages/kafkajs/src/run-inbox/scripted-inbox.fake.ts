import type {
  BoundTopic,
  ClaimCount,
  Delivery,
  Inbox,
  NextPosition,
  Outcome,
  ParkOptions,
  Position,
} from '@pigeonhole/core'

type Handling = (offset: bigint, signal: AbortSignal | undefined) => Promise<void> | void

/** Handles what it is given as told, and keeps one position in memory. */
export class ScriptedInbox implements Inbox<never> {
  readonly name = 'billing'
  readonly keepsPositions: boolean
  readonly handled: bigint[] = []
  position: bigint | undefined
  /** What a message does before it counts as handled. */
  handling: Handling = () => undefined
  reading: () => Promise<void> | void = () => undefined

  constructor({ keepsPositions = true }: { readonly keepsPositions?: boolean } = {}) {
    this.keepsPositions = keepsPositions
  }

  async handle(
    { offset = 0n }: Delivery,
    _: unknown,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Outcome> {
    await this.handling(offset, signal)
    this.handled.push(offset)
    this.position = offset + 1n
    return { status: 'handled' }
  }

  /** Each by itself, as far as they can be handled. */
  async handleGroup(
    deliveries: readonly Delivery[],
    _: unknown,
    options?: { signal?: AbortSignal },
  ): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    for (const delivery of deliveries) {
      try {
        outcomes.push(await this.handle(delivery, _, options))
      } catch (error) {
        if (outcomes.length === 0) throw error
        break
      }
    }
    return outcomes
  }

  /** What was parked, with how many attempts it had. */
  readonly parked: string[] = []

  async park({ offset = 0n }: Delivery, { attempts }: ParkOptions): Promise<Outcome> {
    this.parked.push(`${offset} after ${attempts}`)
    this.position = offset + 1n
    return { status: 'parked', because: 'failed' }
  }

  async retryParked(): Promise<boolean> {
    return false
  }

  readonly keepsIds = false
  readonly idRetentionMs = Number.POSITIVE_INFINITY

  async forgetOldIds(): Promise<number> {
    return 0
  }

  async readPositions(): Promise<NextPosition[]> {
    await this.reading()
    return this.position === undefined ? [] : [{ topic: 'orders', partition: 0, nextOffset: this.position }]
  }

  /** Of the topic, by each topic's name. */
  bound = new Map<string, BoundTopic>()

  async bindTopic(topic: string, topicId: string): Promise<BoundTopic> {
    const known = this.bound.get(topic)
    const fromStart = known !== undefined && known.topicId !== topicId
    if (this.position === undefined || !known) this.bound.set(topic, { topicId, fromStart })
    return this.bound.get(topic) ?? { topicId, fromStart }
  }

  /** What is noted of starts. */
  readonly care: string[] = []
  count = { claims: 1, starts: 0 }

  async claimPosition({ offset }: Position): Promise<ClaimCount> {
    this.care.push(`claim ${offset}`)
    return this.count
  }

  async waitForTurn({ offset }: Delivery): Promise<void> {
    this.care.push(`wait ${offset}`)
  }

  async startMessage({ offset }: Position): Promise<number | undefined> {
    this.care.push(`start ${offset}`)
    return this.count.starts + 1
  }

  async endMessage({ offset }: Position): Promise<void> {
    this.care.push(`end ${offset}`)
  }

  async finishMessage({ offset }: Position): Promise<void> {
    this.care.push(`finish ${offset}`)
  }

  async checkSchema(): Promise<void> {}

  on(): () => void {
    return () => undefined
  }
}
