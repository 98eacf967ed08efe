import type { CallScript } from '../../ports/call-script.fake.js'
import type {
  DiscardedParking,
  ParkedGroup,
  ParkedMessage,
  ParkingLook,
  ParkingStatus,
  ParkingStore,
  ParkingTransaction,
  RetriedParking,
} from '../../ports/parking.js'
import type { CapturedRow } from '../../ports/relay-store.js'

interface Parked {
  /** `seq` is its place. */
  readonly row: CapturedRow
  /** Refused itself. */
  readonly refused: boolean
}

/** What is parked, in memory. Nothing becomes due before the spec says so. */
export class ScriptedParking implements ParkingStore {
  messages: Parked[] = []
  /** The ids of all messages that were parked and are not any more. */
  readonly released: Set<string> = new Set()
  /** Keys as text, and whether each is to be sent again. */
  readonly keys: Map<string, boolean> = new Map()
  /** Topics, and whether each is to be tried again. */
  readonly topics: Map<string, boolean> = new Map()
  readonly #script: CallScript
  readonly #outbox: CapturedRow[]

  constructor(script: CallScript, outbox: CapturedRow[]) {
    this.#script = script
    this.#outbox = outbox
  }

  /** The ids of the parked messages in their order. */
  get ids(): string[] {
    return this.messages.map(({ row }) => row.id)
  }

  /** Asks for everything to be sent again, as an operator does, or time for a topic. */
  retry(): void {
    for (const key of this.keys.keys()) this.keys.set(key, true)
    for (const topic of this.topics.keys()) this.topics.set(topic, true)
  }

  async lookAtParking(): Promise<ParkingLook> {
    await this.#script.enter('lookAtParking')
    return { parked: this.#parked, due: this.#due }
  }

  transaction(): ParkingTransaction {
    const script = this.#script
    return {
      openParking: async () => {
        await script.enter('openParking')
        return this.#parked
      },
      parkMessage: async ({ seq }, { code }) => {
        await script.enter('parkMessage', code)
        const row = this.#outbox.find((one) => one.seq === seq)
        if (!row || this.messages.some(({ row: parked }) => parked.id === row.id)) return false
        this.#take(row, true)
        if (row.key) this.keys.set(keyOf(row), false)
        return true
      },
      parkBlocked: async (rows) => {
        await script.enter('parkBlocked', rows.length)
        const moved = rows.filter((row) => this.keys.has(keyOf(row)) || this.topics.has(row.topic))
        for (const row of moved) this.#take(row, false)
        return new Set(moved.map(({ seq }) => seq))
      },
      pauseTopic: async (topic, { code }, { initialMs }) => {
        await script.enter('pauseTopic', `${topic} ${code}`)
        this.topics.set(topic, false)
        return initialMs
      },
      readReleases: async ({ maxRows }) => {
        await script.enter('readReleases', maxRows)
        return this.messages
          .filter((parked) => this.#isDue(parked))
          .slice(0, maxRows)
          .map(({ row }) => row)
      },
      applyReleases: async (places) => {
        await script.enter('applyReleases', places.join())
        return this.#apply(places)
      },
      refuseRelease: async (place, { code }) => {
        await script.enter('refuseRelease', `${place} ${code}`)
        const parked = this.messages.find(({ row }) => row.seq === place)
        if (parked?.row.key) this.keys.set(keyOf(parked.row), false)
      },
    }
  }

  async listParking(): Promise<readonly ParkedGroup[]> {
    return []
  }

  async listParkedMessages(): Promise<readonly ParkedMessage[]> {
    return []
  }

  async readParkedMessage(): Promise<null> {
    return null
  }

  async retryParked(): Promise<RetriedParking> {
    return { keys: 0, messages: 0, topics: 0 }
  }

  async discardParked(): Promise<DiscardedParking> {
    return { messages: 0, unblocked: 0, inFlight: 0, behind: [] }
  }

  status(): ParkingStatus {
    return { keys: this.keys.size, messages: this.messages.length, pausedTopics: [] }
  }

  get #parked(): boolean {
    return this.messages.length > 0 || this.keys.size > 0 || this.topics.size > 0
  }

  get #due(): boolean {
    const topics = [...this.topics.values()].includes(true)
    return topics || this.messages.some((parked) => this.#isDue(parked))
  }

  #take(row: CapturedRow, refused: boolean): void {
    this.messages.push({ row: { ...row, seq: `p${row.seq}` }, refused })
  }

  #isDue({ row, refused }: Parked): boolean {
    const topic = this.topics.get(row.topic)
    if (topic !== undefined) return topic && !this.keys.has(keyOf(row)) && !refused
    return this.keys.get(keyOf(row)) ?? false
  }

  #apply(places: readonly string[]): string[] {
    for (const { row } of this.messages) if (places.includes(row.seq)) this.released.add(row.id)
    this.messages = this.messages.filter(({ row }) => !places.includes(row.seq))
    for (const [key, retried] of this.keys) {
      if (retried && !this.messages.some(({ row }) => keyOf(row) === key)) this.keys.delete(key)
    }
    const isHeld = ({ row, refused }: Parked): boolean => !this.keys.has(keyOf(row)) && !refused
    const lifted = [...this.topics]
      .filter(([topic, due]) => due && !this.messages.some((one) => one.row.topic === topic && isHeld(one)))
      .map(([topic]) => topic)
    for (const topic of lifted) this.topics.delete(topic)
    return lifted
  }
}

function keyOf({ topic, key, id }: CapturedRow): string {
  return key === null ? `${topic} of ${id}` : `${topic}/${Buffer.from(key).toString()}`
}
