import { createOutbox, createRelay, type HandlerContext, on, type Topic, topic } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { readLog } from '@pigeonhole/testing'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { eventually } from '../run-inbox/events.js'
import { InboxLab } from '../run-inbox/inbox-lab.js'
import { type Sealed, SubjectKeys, sealedCodec } from './sealed-codec.js'

interface Address {
  readonly street: string
}

type Context = HandlerContext<pg.ClientBase, Sealed<Address>>

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

let lab: InboxLab
let keys: SubjectKeys
let addresses: Topic<Sealed<Address>>
beforeEach(async () => {
  lab = await InboxLab.open(servers)
  await lab.pool.query('CREATE TABLE subject_key (subject text PRIMARY KEY, key bytea)')
  keys = new SubjectKeys(lab.pool)
  const { name } = await lab.createTopic()
  addresses = topic(name, { codec: sealedCodec<Address>(keys, name), key: ({ subject }) => subject })
})
afterEach(() => lab[Symbol.asyncDispose]())

async function publish(value: Sealed<Address>): Promise<void> {
  const client = await lab.pool.connect()
  try {
    await client.query('BEGIN')
    await createOutbox({ store: lab.store }).publish(client, addresses, value)
    await client.query('COMMIT')
  } finally {
    // Closes it: what was not committed is rolled back.
    client.release(true)
  }
}

async function relayAll(): Promise<void> {
  const relay = createRelay({
    name: lab.name,
    store: lab.store,
    publisher: kafkajsPublisher(lab.newKafka()),
  })
  await relay.start()
  await relay.drain()
  await relay.stop()
}

/** What an inbox of that name, which begins at the start of the topic, is given. */
async function consumed(name: string): Promise<Sealed<Address>[]> {
  const seen: Sealed<Address>[] = []
  const consumer = lab.newKafka().consumer({ ...lab.consumerConfig, groupId: `${lab.name}-${name}` })
  const run = await lab.runOn(consumer, {
    inbox: lab.inbox({ name: `${lab.name}-${name}` }),
    options: {
      from: 'earliest',
      handlers: [on(addresses, ({ message }: Context) => void seen.push(message.value))],
    },
  })
  await eventually(async () => seen.length).toBe(2)
  await run.stop()
  return seen
}

describe('values that are sealed with a key for each subject', () => {
  it('are read by whoever has the keys, and of an erased subject by nobody', async () => {
    const [anna, ben] = [
      { subject: 'c-1', data: { street: 'Elm Street 1' } },
      { subject: 'c-2', data: { street: 'Oak Street 2' } },
    ]
    await publish(anna)
    await publish(ben)
    const { rows } = await lab.pool.query<{ value: Buffer }>(
      'SELECT payload AS value FROM pigeonhole.outbox_message',
    )
    expect(rows).toHaveLength(2)
    await relayAll()
    const log = await readLog({ brokers: servers.kafkaBrokers, topics: [addresses.name] })
    expect(log).toHaveLength(2)
    for (const { value } of [...rows, ...log]) expect(Buffer.from(value ?? []).includes('Street')).toBe(false)
    expect(await consumed('before')).toEqual([anna, ben])

    await keys.erase('c-1')
    expect(await consumed('after')).toEqual([{ subject: 'c-1', data: null }, ben])
    await expect(publish(anna)).rejects.toMatchObject({ code: 'VALUE_NOT_SERIALISABLE' })
  })

  it('open neither where a byte has changed, nor under another topic or subject', async () => {
    const codec = sealedCodec<Address>(keys, addresses.name)
    const sealed = Buffer.from(await codec.encode({ subject: 'c-1', data: { street: 'Elm Street 1' } }))
    await codec.encode({ subject: 'c-2', data: { street: 'Oak Street 2' } })
    const changed = Buffer.from(sealed)
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
    await expect(codec.decode(changed)).rejects.toThrow()
    await expect(sealedCodec<Address>(keys, 'elsewhere').decode(sealed)).rejects.toThrow()
    const renamed = Buffer.from(sealed)
    renamed.write('c-2', 2)
    await expect(codec.decode(renamed)).rejects.toThrow()
  })
})
