import {
  createOutbox,
  type ParkedGroup,
  type ParkedMessage,
  type RawMessage,
  type RelayStore,
} from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import { createTopics } from '@pigeonhole/testing'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { expect } from 'vitest'
import { type RawRecord, readRaw, storedAs } from './raw-records.js'
import { type LabServers, RelayLab } from './relay-lab.js'
import type { RelayProcess } from './relay-process-handle.js'
import { setTopic } from './set-topic.js'
import type { Writers } from './writers.js'

/** The key of the writers' on the first topic to which the first message is refused. */
const blockedKey = 'key-2'

const tooLarge = Buffer.alloc(3_000, 'x')
const broken = Buffer.from([0xff, 0x00, 0xfe])

/** What is published to the blocked key: a record that is refused, and followers that must keep every byte. */
const seeds: readonly Omit<RawMessage, 'topic' | 'key'>[] = [
  { value: tooLarge },
  {
    value: broken,
    headers: [
      ['z', 'first'],
      ['a', broken],
      ['z', 'again'],
      ['z', ''],
    ],
  },
  { value: null },
  { value: '' },
]

/** A lab whose first topic refuses large records, or whose second is not there yet, with an operator's view of its parking. */
export class ParkingLab implements AsyncDisposable {
  readonly lab: RelayLab
  readonly store: RelayStore
  readonly pool: pg.Pool
  readonly #admin: Admin
  readonly #servers: LabServers

  private constructor(servers: LabServers, lab: RelayLab) {
    this.lab = lab
    this.#servers = servers
    this.pool = new pg.Pool({ connectionString: lab.databaseUrl })
    this.store = postgresStore(this.pool)
    this.#admin = new Kafka({ brokers: [...servers.kafkaBrokers], logLevel: logLevel.NOTHING }).admin()
  }

  /** The first topic takes no large records, and some wait in the outbox, among others. */
  static async openRefusing(servers: LabServers): Promise<ParkingLab> {
    const parking = await ParkingLab.openEmpty(servers)
    await parking.seed()
    return parking
  }

  /** The first topic takes no large records, and nothing is published yet. */
  static async openEmpty(servers: LabServers): Promise<ParkingLab> {
    const parking = await ParkingLab.#open(servers, 0)
    await parking.#limitRecords('2000')
    return parking
  }

  /** The second topic is not there. */
  static openWithoutTopic(servers: LabServers): Promise<ParkingLab> {
    return ParkingLab.#open(servers, 1)
  }

  static async #open(servers: LabServers, absent: number): Promise<ParkingLab> {
    const parking = new ParkingLab(servers, await RelayLab.open(servers, { absent }))
    await parking.#admin.connect()
    return parking
  }

  get topic(): string {
    return this.lab.topics[0] as string
  }

  get lateTopic(): string {
    return this.lab.topics[1] as string
  }

  /** Publishes what is refused and what follows it, among messages of other keys, so that a batch is halved to the end. */
  async seed(): Promise<void> {
    const others = (from: number, to: number): Omit<RawMessage, 'topic'>[] =>
      Array.from({ length: to - from }, (_, i) => ({ key: `other-${from + i}`, value: 'other' }))
    const messages = [
      ...others(0, 5),
      ...seeds.map((seed) => ({ ...seed, key: blockedKey })),
      ...others(5, 9),
    ]
    const client = await this.pool.connect()
    await client.query('BEGIN')
    const raw = messages.map((message) => ({ ...message, topic: this.topic }))
    const ids = await createOutbox({ store: postgresStore(this.pool) }).publishRaw(client, raw)
    await client.query('UPDATE aggregate SET version = $1 WHERE key = $2', [ids.length, blockedKey])
    await client.query(
      'INSERT INTO ledger SELECT id, $2, key, n FROM unnest($1::text[], $3::text[]) WITH ORDINALITY AS seed (id, key, n)',
      [ids, this.topic, raw.map(({ key }) => key)],
    )
    await client.query('COMMIT')
    client.release()
  }

  createLateTopic(): Promise<void> {
    return createTopics(this.#servers.kafkaBrokers, [{ topic: this.lateTopic, numPartitions: 3 }])
  }

  /** From now on the broker takes what it refused. */
  takeLargeRecords(): Promise<void> {
    return this.#limitRecords('1000000')
  }

  /** Resolves once what is parked is as it should be. */
  async parked(matches: (groups: readonly ParkedGroup[]) => boolean): Promise<void> {
    await expect.poll(async () => matches(await this.store.listParking()), { timeout: 60_000 }).toBe(true)
  }

  /** Resolves when what was published to the blocked key is parked. */
  async seedsParked(): Promise<void> {
    await this.parked(([group]) => group?.kind === 'key' && group.messages >= seeds.length)
  }

  /** Resolves when nothing is parked any more. */
  async nothingParked(): Promise<void> {
    await this.parked(({ length }) => length === 0)
  }

  /** The parked messages of the blocked key: the refused one, then all others of the ledger in their order. */
  async holdsAllOfKey(attempts = 1): Promise<void> {
    const parked = await this.store.listParkedMessages(
      { topic: this.topic, key: Buffer.from(blockedKey) },
      1_000,
    )
    expect(parked.map(({ messageId }) => messageId)).toEqual(await this.#committedOfKey())
    const [first, ...followers] = parked as [ParkedMessage, ...ParkedMessage[]]
    expect(first).toMatchObject({ errorCode: 'RECORD_REFUSED', attempts })
    expect(followers.filter(({ errorCode, attempts }) => errorCode !== null || attempts > 0)).toEqual([])
  }

  /** Ends the writers, lets `relay` send what there is, and compares database and log, in bytes where a seed is. */
  async settle(writers: Writers, relay: RelayProcess): Promise<void> {
    await writers.committed(21)
    await writers.stop()
    await relay.drain()
    await expect.poll(() => this.lab.leftInOutbox(), { timeout: 60_000 }).toBe(0)
    expect(await relay.stop()).toEqual({ code: 0, signal: null })
    expect(await this.store.listParking()).toEqual([])
    const verdict = await this.lab.verdict()
    expect(verdict).toMatchObject({ passed: true, faults: 0 })
    expect(verdict.log.committed).toBeGreaterThan(20)
  }

  /** What was published to the blocked key stands in the log as it was, byte for byte. */
  async keptEveryByte(): Promise<void> {
    const records = await readRaw(
      this.#servers.kafkaBrokers,
      this.topic,
      (all) => seedsOf(all).length >= seeds.length,
    )
    expect(seedsOf(records).map(withoutId)).toEqual(
      seeds.map((seed) => storedAs({ ...seed, topic: this.topic, key: blockedKey })),
    )
  }

  /** Parks what is refused, and ends with no relay at work. */
  async park(): Promise<void> {
    const writers = this.lab.startWriters(2)
    const relay = this.lab.startRelay()
    await this.seedsParked()
    await writers.stop()
    await relay.drain()
    expect(await relay.stop()).toEqual({ code: 0, signal: null })
    await this.holdsAllOfKey()
  }

  /** The ids of all parked messages, by their age. */
  async parkedIds(): Promise<string[]> {
    const parked = await this.store.listParkedMessages({}, 1_000)
    return parked.map(({ messageId }) => messageId)
  }

  /** Takes messages out of the ledger that are given up: they must not be sent. */
  async forget(ids: readonly string[]): Promise<void> {
    await this.pool.query('DELETE FROM ledger WHERE id = ANY ($1)', [ids])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.disconnect()
    await this.pool.end()
    await this.lab[Symbol.asyncDispose]()
  }

  async #committedOfKey(): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>(
      'SELECT id FROM ledger WHERE topic = $1 AND key = $2 ORDER BY version',
      [this.topic, blockedKey],
    )
    return rows.map(({ id }) => id)
  }

  async #limitRecords(bytes: string): Promise<void> {
    await setTopic(this.#admin, { topic: this.topic, name: 'max.message.bytes', value: bytes })
  }
}

// Writers' values are JSON of a few bytes.
function seedsOf(records: readonly RawRecord[]): RawRecord[] {
  return records.filter(({ key }) => key === hex(blockedKey)).slice(0, seeds.length)
}

function withoutId({ headers, ...rest }: RawRecord): RawRecord {
  return { ...rest, headers: headers.filter(([name]) => name !== 'message-id') }
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex')
}
