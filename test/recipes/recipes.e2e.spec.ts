import { randomUUID } from 'node:crypto'
import { NestFactory } from '@nestjs/core'
import { createInbox, createRelay, on } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { readLog } from '@pigeonhole/testing'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { eventually } from '../run-inbox/events.js'
import { InboxLab, type LabContext, writeEffect } from '../run-inbox/inbox-lab.js'
import { type LambdaKafkaRecord, lambdaHandler } from './lambda.js'
import { billingModule, InvoiceService } from './nest-billing.js'
import { type QueueMessage, queueConsumer } from './queue.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

let lab: InboxLab
beforeEach(async () => {
  lab = await InboxLab.open(servers)
})
afterEach(() => lab[Symbol.asyncDispose]())

async function effects(): Promise<string[]> {
  const { rows } = await lab.pool.query<{ value: string }>('SELECT value FROM effect ORDER BY id')
  return rows.map(({ value }) => value)
}

describe('a Lambda function with a Kafka trigger', () => {
  it('handles each record once, although the event is retried from its beginning after an error', async () => {
    const orders = await lab.createTopic()
    let failures = 1
    const handler = lambdaHandler(createInbox({ store: lab.store, name: 'lambda' }), [
      on(orders, async (context: LabContext) => {
        if (context.message.value === 'b' && failures-- > 0) throw new Error('for once')
        await writeEffect(context)
      }),
    ])
    const record = (value: string, offset: number): LambdaKafkaRecord => ({
      topic: orders.name,
      partition: 0,
      offset,
      timestamp: 1_700_000_000_000,
      key: Buffer.from('key').toString('base64'),
      value: Buffer.from(value).toString('base64'),
      headers: [{ 'message-id': [...Buffer.from(`id-${offset}`)] }],
    })
    const event = { records: { [`${orders.name}-0`]: [record('a', 0), record('b', 1), record('c', 4)] } }
    await expect(handler(event)).rejects.toThrow('for once')
    await handler(event)
    await handler(event)
    expect(await effects()).toEqual(['a', 'b', 'c'])
  })
})

describe('a queue without positions', () => {
  it('has each message handled once, acknowledged behind its commit, and given back when it fails', async () => {
    const orders = await lab.createTopic()
    const answers: string[] = []
    const channel = {
      ack: ({ content }: QueueMessage) => void answers.push(`ack ${content}`),
      nack: ({ content }: QueueMessage) => void answers.push(`nack ${content}`),
    }
    const inbox = createInbox({ store: lab.store, name: 'queue', dedupe: 'id' })
    const consume = queueConsumer(
      inbox,
      on(orders, async (context: LabContext) => {
        if (context.message.value === 'bad') throw new Error('refused')
        await writeEffect(context)
      }),
      channel,
    )
    const message = (value: string, messageId?: string): QueueMessage => ({
      content: Buffer.from(value),
      fields: { routingKey: 'key' },
      properties: { messageId },
    })
    await consume(message('a', 'm-1'))
    await consume(message('a', 'm-1'))
    await consume(message('bad', 'm-2'))
    await consume(message('unnamed'))
    expect(await effects()).toEqual(['a'])
    expect(answers).toEqual(['ack a', 'ack a', 'nack bad', 'nack unnamed'])
  })
})

describe('a Nest application', () => {
  it('publishes in its transactions, and handles each message once from its start to its shutdown', async () => {
    const [orders, invoices] = [await lab.createTopic(), await lab.createTopic()]
    await lab.pool.query(
      'CREATE TABLE invoice (id text PRIMARY KEY, order_id text UNIQUE NOT NULL, cents integer NOT NULL)',
    )
    const settings = {
      databaseUrl: lab.databaseUrl,
      brokers: servers.kafkaBrokers,
      orders: orders.name,
      invoices: invoices.name,
    }
    const start = () => NestFactory.createApplicationContext(billingModule(settings), { logger: false })
    const invoiced = async () =>
      (await lab.pool.query('SELECT order_id FROM invoice ORDER BY order_id')).rows.map((row) => row.order_id)

    const app = await start()
    await app.get(InvoiceService).issue({ orderId: 'by hand', cents: 1 })
    await lab.send(orders, [JSON.stringify({ orderId: 'from Kafka', cents: 2 })])
    await eventually(invoiced).toEqual(['by hand', 'from Kafka'])
    await app.close()

    const again = await start()
    await lab.send(orders, [JSON.stringify({ orderId: 'second run', cents: 3 })])
    await eventually(invoiced).toHaveLength(3)
    await again.close()

    const relay = createRelay({
      name: `nest-${randomUUID()}`,
      store: lab.store,
      publisher: kafkajsPublisher(lab.newKafka()),
    })
    await relay.start()
    await relay.drain()
    await relay.stop()
    const log = await readLog({ brokers: servers.kafkaBrokers, topics: [invoices.name] })
    expect(log).toHaveLength(3)
  })
})
