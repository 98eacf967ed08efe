import type { Topic } from '@pigeonhole/core'
import { checkExactlyOnce, type Effect, loggedMessage, readLog } from '@pigeonhole/testing'
import { describe, expect, inject, it } from 'vitest'
import { within } from '../chaos/within.js'
import { turns } from '../relay/turns.js'
import { ConsumerProcess } from './consumer-process-handle.js'
import type { ConsumerProcessOptions } from './consumer-process-protocol.js'
import { InboxLab } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

const key = Buffer.of(0x61, 0xc3, 0xa4)
const sent = [
  ...['a1', 'a2'].map((value) => ({ value, key })),
  { value: 'b1', key: 'b' },
  { value: 'n1', key: null },
  { value: 'a3', key },
  { value: 'n2', key: null },
  { value: 'b2', key: 'b' },
].map((message) => ({ ...message, headers: { 'message-id': message.value } }))
/** Fail of themselves, until they are mended. */
const broken = ['a1', 'n1']
/** Are parked meanwhile. */
const held = ['a1', 'a2', 'n1', 'a3']

type Fault = NonNullable<ConsumerProcessOptions['fault']>

/** A topic, what is sent to it, and the processes of one inbox that handle it. */
class KillLab implements AsyncDisposable {
  readonly lab: InboxLab
  readonly orders: Topic<string>
  readonly #dead: Topic<string>
  readonly #processes: ConsumerProcess[] = []

  private constructor(lab: InboxLab, orders: Topic<string>, dead: Topic<string>) {
    this.lab = lab
    this.orders = orders
    this.#dead = dead
  }

  static async open(): Promise<KillLab> {
    const lab = await InboxLab.open(servers)
    const opened = new KillLab(lab, await lab.createTopic(), await lab.createTopic())
    await lab.pool.query('INSERT INTO broken SELECT unnest($1::text[])', [broken])
    await lab.send(opened.orders, sent)
    return opened
  }

  start(fault?: Fault): ConsumerProcess {
    const { name, databaseUrl, brokers } = this.lab
    const started = new ConsumerProcess({
      name,
      // None waits for the session of one that was killed.
      groupId: `${name}-${this.#processes.length}`,
      databaseUrl,
      brokers,
      topics: [this.orders.name],
      attempts: 1,
      group: 1,
      // Of a message whose handling takes longer one attempt has failed: no stall of the machine is as long.
      timeoutMs: 20_000,
      dedupe: 'both',
      crash: 'never',
      parkedBackoff: { initialMs: 1, maxMs: 1 },
      deadLetters: this.#dead.name,
      ...(fault && { fault }),
    })
    this.#processes.push(started)
    return started
  }

  /** Runs a process that kills itself at a point, and holds it to having done so. */
  async killAt(fault: Fault): Promise<void> {
    const one = this.start(fault)
    expect(await within(60_000, `coming to ${fault.point} (${fault.occurrence})`, one.exited)).toBe('SIGKILL')
    expect(one.printed).toBe(`${fault.point}\n`)
  }

  /** The same of processes each of which is asked to handle at once what is parked, whatever claim the one before has left. */
  async killRetriesAt(faults: readonly Fault[]): Promise<void> {
    for (const fault of faults) {
      await this.lab.store.retryInboxParked({ inbox: this.lab.name })
      await this.killAt(fault)
    }
  }

  async end(one: ConsumerProcess): Promise<void> {
    one.signal('SIGKILL')
    await one.exited
  }

  /** All that cannot be handled is parked, and all else has been handled. */
  async isParked(): Promise<void> {
    await this.#eventually(() => this.#parked()).toEqual(held)
    await this.#eventually(async () => (await this.lab.effects()).toSorted()).toEqual(['b1', 'b2', 'n2'])
  }

  mend(): Promise<unknown> {
    return this.lab.pool.query('DELETE FROM broken')
  }

  /** Has everything handled, whatever claim a killed process has left, and compares effects with the log. */
  async settle(): Promise<void> {
    await this.mend()
    await this.lab.store.retryInboxParked({ inbox: this.lab.name })
    await this.#eventually(() => this.#parked()).toEqual([])
    await this.#eventually(() => this.#count('parked_key')).toBe(0)
    await this.#eventually(() => this.lab.position(this.orders)).toBe(BigInt(sent.length))
    const committed = sent.map(({ value, key: of }, order) => {
      return { id: value, topic: this.orders.name, key: of === null ? null : String(of), order }
    })
    const records = await readLog({ brokers: this.lab.brokers, topics: [this.orders.name] })
    const log = records.map((record) => loggedMessage(record))
    const verdict = checkExactlyOnce({ committed, log, effects: await this.#effects() })
    expect(verdict).toMatchObject({ passed: true, faults: 0 })
    // Whatever was killed, who failed is told of once.
    expect(await this.#letters()).toEqual(broken)
    expect(await this.#count('inbox_message')).toBe(sent.length)
  }

  async #parked(): Promise<string[]> {
    const messages = await this.lab.store.listInboxParkedMessages({ inbox: this.lab.name }, 100)
    return messages.map(({ messageId }) => messageId ?? '-')
  }

  async #effects(): Promise<Effect[]> {
    const { rows } = await this.lab.pool.query('SELECT id, value, key FROM effect')
    return rows.map(({ id, value, key: of }) => ({
      id: value as string,
      key: of === null ? null : String(of),
      order: BigInt(id),
    }))
  }

  async #letters(): Promise<string[]> {
    const { rows } = await this.lab.pool.query(
      "SELECT convert_from(payload, 'UTF8') AS value FROM pigeonhole.outbox_message WHERE topic = $1 ORDER BY 1",
      [this.#dead.name],
    )
    return rows.map(({ value }) => value)
  }

  async #count(table: string): Promise<number> {
    const { rows } = await this.lab.pool.query(`SELECT count(*)::int AS n FROM pigeonhole.${table}`)
    return rows[0]?.n
  }

  #eventually<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
    return expect.poll(read, { timeout: 40_000, interval: 50 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((one) => this.end(one)))
    await this.lab[Symbol.asyncDispose]()
  }
}

const phases = ['before', 'during', 'after'] as const
const inTransaction = [...phases, 'committing', 'committed'] as const

function points(calls: readonly string[], at: readonly string[], occurrence = 1): Fault[] {
  return calls.flatMap((call) => at.map((phase) => ({ point: `${call}:${phase}`, occurrence })))
}

const parkingPoints = [
  ...points(['store.receiveMessages', 'parking.parkFailed', 'parking.parkBehind'], inTransaction),
  // Of the message without a key.
  ...points(['parking.parkFailed'], ['committing', 'committed'], 2),
]
const retryPoints = [
  ...points(['parking.claimDue', 'parking.unblockKey'], phases),
  ...points(['parking.readDue', 'parking.removeDue'], inTransaction),
  ...points(['parking.claimDue'], ['after'], 2),
  ...points(['parking.removeDue'], ['committing', 'committed'], 3),
  { point: 'store.isUsable:after', occurrence: 1 },
]
const failurePoints = points(['parking.noteFailure'], inTransaction)

/** What is done once for each message, or behind all of them, is not done again. */
const alone = /\(\d\)|unblockKey/

/** An inbox is killed while it parks, again and again; another process goes on. */
async function killWhileParking(faults: readonly Fault[]): Promise<void> {
  await using lab = await KillLab.open()
  for (const fault of faults) await lab.killAt(fault)
  lab.start()
  await lab.isParked()
  await lab.settle()
}

/** An inbox is killed while it handles what is parked, which is mended, again and again; another process goes on. */
async function killWhileRetrying(faults: readonly Fault[]): Promise<void> {
  await using lab = await KillLab.open()
  const first = lab.start()
  await lab.isParked()
  await lab.end(first)
  await lab.mend()
  await lab.killRetriesAt(faults)
  lab.start()
  await lab.settle()
}

/** An inbox is killed while what is parked fails again, each time; another process goes on. */
async function killWhileFailing(faults: readonly Fault[]): Promise<void> {
  await using lab = await KillLab.open()
  const first = lab.start()
  await lab.isParked()
  await lab.end(first)
  await lab.killRetriesAt(faults)
  lab.start()
  await lab.isParked()
  await lab.settle()
}

describe('an inbox loses, repeats and reorders nothing, and tells once of what has failed', {
  timeout: 300_000,
}, () => {
  it.each(turns(parkingPoints, { alone }))('when it is killed at %s of parking', (_, faults) =>
    killWhileParking(faults),
  )
  it.each(turns(retryPoints, { alone }))('when it is killed at %s of a retry', (_, faults) =>
    killWhileRetrying(faults),
  )
  it.each(turns(failurePoints))('when it is killed at %s of a retry that fails', (_, faults) =>
    killWhileFailing(faults),
  )
})
