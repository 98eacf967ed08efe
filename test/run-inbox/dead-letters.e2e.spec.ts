import { createRelay, park } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { readLog } from '@pigeonhole/testing'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { eventually, nextEvent } from './events.js'
import { InboxLab, type LabContext } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('dead letters', () => {
  let lab: InboxLab
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  const failing = ({ message: { value } }: LabContext): void => {
    if (value === 'parks') throw park('no such customer')
    if (value.startsWith('fails')) throw new Error(`no ${value}`)
  }

  /** What is in the outbox for `topic`, with why. */
  async function letters(topic: string): Promise<string[]> {
    const { rows } = await lab.pool.query(
      `SELECT convert_from(payload, 'UTF8') || ' ' || string_agg(header ->> 1, ' ' ORDER BY place) AS letter
       FROM pigeonhole.outbox_message, jsonb_array_elements(headers) WITH ORDINALITY AS one (header, place)
       WHERE topic = $1 AND header ->> 0 IN ('dead-letter-attempts', 'dead-letter-error')
       GROUP BY seq, payload ORDER BY seq`,
      [topic],
    )
    return rows.map(({ letter }) => letter)
  }
  const parked = async (): Promise<number> =>
    (await lab.pool.query('SELECT count(*)::int AS n FROM pigeonhole.parked_message')).rows[0]?.n

  it('reach their topic byte for byte, and the message stays parked', async () => {
    const [orders, dead] = [await lab.createTopic(), await lab.createTopic()]
    const inbox = lab.inbox({ deadLetters: dead.name })
    const parking = nextEvent(inbox, 'message:parked')
    await lab.run({ topics: [orders], inbox, handler: failing, options: { attempts: 2 } })
    const headers = { 'message-id': 'm1', own: 'kept' }
    await lab.send(orders, [{ key: Buffer.of(0, 0xff), value: 'fails', headers }])
    await parking
    const publisher = kafkajsPublisher(lab.newKafka())
    const relay = createRelay({ name: lab.name, store: lab.store, publisher })
    await relay.start()
    await relay.drain()
    await relay.stop()
    const [letter] = await readLog({ brokers: lab.brokers, topics: [dead.name] })
    expect(Buffer.from(letter?.key ?? []).toString('hex')).toBe('00ff')
    expect(Buffer.from(letter?.value ?? []).toString()).toBe('fails')
    const found = Object.fromEntries(letter?.headers ?? [])
    expect(found).toMatchObject({
      'dead-letter-inbox': lab.name,
      'dead-letter-topic': orders.name,
      'dead-letter-partition': '0',
      'dead-letter-offset': '0',
      'dead-letter-message-id': 'm1',
      'dead-letter-attempts': '2',
      'dead-letter-error-code': 'Error',
      'dead-letter-error': 'no fails',
      'original-message-id': 'm1',
      own: 'kept',
    })
    expect(await parked()).toBe(1)
  })

  it('are of each message that has failed itself, once', async () => {
    const [orders, dead] = [await lab.createTopic(), await lab.createTopic()]
    const inbox = lab.inbox({
      deadLetters: dead.name,
      parkedBackoff: { initialMs: 1, maxMs: 1 },
      // Of what stalls for half of it the letter would say that its time ran out.
      timeoutMs: 10_000,
    })
    await lab.run({ topics: [orders], inbox, handler: failing, options: { attempts: 1 } })
    const keyed = (key: string | null, ...values: readonly string[]) =>
      values.map((value) => ({ key, value }))
    await lab.send(orders, [...keyed('k', 'parks', 'fails behind it'), ...keyed(null, 'fails without a key')])
    await eventually(() => letters(dead.name)).toEqual([
      'parks 1 The handler parks its message: no such customer',
      'fails without a key 1 no fails without a key',
    ])
    // The one behind it has its turn when the first is gone.
    const [first] = await lab.store.listInboxParkedMessages({ inbox: lab.name }, 1)
    await lab.store.discardInboxParked({ inbox: lab.name, ids: [first?.id ?? ''] })
    const twice = nextEvent(inbox, 'message:failed', ({ offset }) => offset === 1n).then(() =>
      nextEvent(inbox, 'message:failed', ({ offset }) => offset === 1n),
    )
    await lab.store.retryInboxParked({ inbox: lab.name, key: Buffer.from('k') })
    await twice
    expect((await letters(dead.name)).slice(2)).toEqual(['fails behind it 1 no fails behind it'])
  })

  it('are published only if the message is parked, and it is parked only if they are', async () => {
    const [orders, dead] = [await lab.createTopic(), await lab.createTopic()]
    await lab.pool.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no letters'; END $$;
       CREATE TRIGGER refuse BEFORE INSERT ON pigeonhole.outbox_message FOR EACH ROW EXECUTE FUNCTION refuse()`,
    )
    const inbox = lab.inbox({ deadLetters: dead.name })
    const run = await lab.run({ topics: [orders], inbox, handler: failing, options: { attempts: 1 } })
    const again = nextEvent(run, 'partition:held')
    await lab.send(orders, [{ key: 'k', value: 'fails' }])
    await again
    expect(await parked()).toBe(0)
    expect(await lab.position(orders)).toBeUndefined()
    await lab.pool.query('DROP TRIGGER refuse ON pigeonhole.outbox_message')
    await eventually(parked).toBe(1)
    expect(await letters(dead.name)).toEqual([expect.stringMatching(/^fails \d+ no fails$/)])
  })
})
