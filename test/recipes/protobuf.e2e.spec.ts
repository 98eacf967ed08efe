import { createOutbox, createRelay, type HandlerContext, on, topic } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { readLog } from '@pigeonhole/testing'
import type pg from 'pg'
import protobuf from 'protobufjs'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { eventually } from '../run-inbox/events.js'
import { InboxLab } from '../run-inbox/inbox-lab.js'
import { protobufCodec } from './protobuf-codec.js'

interface Order {
  readonly orderId: string
  readonly cents: number
}

interface NewerOrder extends Order {
  readonly note: string
}

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
const fields = 'string orderId = 1; int32 cents = 2;'
const order = orderType('')
const newerOrder = orderType('string note = 3;')

function orderType(more: string): protobuf.Type {
  const schema = `syntax = "proto3"; message Order { ${fields} ${more} }`
  return protobuf.parse(schema).root.lookupType('Order')
}

let lab: InboxLab
beforeEach(async () => {
  lab = await InboxLab.open(servers)
})
afterEach(() => lab[Symbol.asyncDispose]())

describe('values in protobuf', () => {
  it('are published, sent and handled, also by a consumer whose schema is older', async () => {
    const { name } = await lab.createTopic()
    const published = topic<NewerOrder>(name, { codec: protobufCodec(newerOrder) })
    const outbox = createOutbox({ store: lab.store })
    const client = await lab.pool.connect()
    const value = { orderId: 'o-1', cents: 1250, note: 'by hand' }
    try {
      await client.query('BEGIN')
      await outbox.publish(client, published, value)
      const wrong = { orderId: 1 } as unknown as NewerOrder
      await expect(outbox.publish(client, published, wrong)).rejects.toMatchObject({
        code: 'VALUE_NOT_SERIALISABLE',
      })
      await client.query('COMMIT')
    } finally {
      client.release(true)
    }
    const publisher = kafkajsPublisher(lab.newKafka())
    const relay = createRelay({ name: lab.name, store: lab.store, publisher })
    await relay.start()
    await relay.drain()
    await relay.stop()

    const log = await readLog({ brokers: servers.kafkaBrokers, topics: [name] })
    expect(log.map((record) => newerOrder.decode(record.value ?? new Uint8Array()).toJSON())).toEqual([value])
    const seen: Order[] = []
    const handled = topic<Order>(name, { codec: protobufCodec(order) })
    await lab.run({
      options: {
        from: 'earliest',
        handlers: [
          on(handled, ({ message }: HandlerContext<pg.ClientBase, Order>) => void seen.push(message.value)),
        ],
      },
    })
    await eventually(async () => seen).toEqual([{ orderId: 'o-1', cents: 1250 }])
  })
})
