import { SpanStatusCode } from '@opentelemetry/api'
import { createOutbox, createRelay, onBatch, type Topic } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { openTelemetryTracing } from '@pigeonhole/opentelemetry'
import { readLog } from '@pigeonhole/testing'
import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { eventually, nextEvent } from '../run-inbox/events.js'
import { InboxLab, type LabContext, writeEffect } from '../run-inbox/inbox-lab.js'
import {
  finished,
  forgetSpans,
  inSpan,
  linkedPlaces,
  placeOf,
  registerSdk,
  spansNamed,
} from './finished-spans.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
const tracing = openTelemetryTracing({ errorMessages: true })

let lab: InboxLab
let orders: Topic<string>
beforeAll(registerSdk)
beforeEach(async () => {
  lab = await InboxLab.open(servers)
  orders = await lab.createTopic()
  forgetSpans()
})
afterEach(() => lab[Symbol.asyncDispose]())

/** Publishes each value, in one transaction. Resolves to the messages' ids. */
async function publish(...values: readonly string[]): Promise<string[]> {
  const client = await lab.pool.connect()
  try {
    await client.query('BEGIN')
    const ids = await createOutbox({ store: lab.store, tracing }).publishMany(client, orders, values)
    await client.query('COMMIT')
    return ids
  } finally {
    client.release()
  }
}

/** Sends all that is published. */
async function send(): Promise<void> {
  const publisher = kafkajsPublisher(lab.newKafka())
  const relay = createRelay({ name: lab.name, store: lab.store, publisher, tracing })
  await relay.start()
  await relay.drain()
  await relay.stop()
}

const openInbox = () =>
  lab.inbox({
    tracing,
    outbox: createOutbox({ store: lab.store, tracing }),
    parkedBackoff: { initialMs: 1, maxMs: 1 },
  })

const processing = (): string => `process ${orders.name}`

describe('a message that is published in a trace', () => {
  it('is followed from the request to the handler, and to what that does and publishes', async () => {
    const bills = await lab.createTopic()
    const [id = ''] = await inSpan('request', () => publish('o-1'))
    await send()
    const handler = async (context: LabContext): Promise<void> => {
      await writeEffect(context)
      await inSpan('bill', async () => undefined)
      await context.publish(bills, 'b-1')
    }
    await lab.run({ topics: [orders], inbox: openInbox(), handler })

    const [process] = await finished(processing())
    const [request] = await finished('request')
    const [create] = await finished(`create ${orders.name}`)
    const [sent] = await finished(`send ${orders.name}`)
    const [bill] = await finished('bill')
    const [next] = await finished(`create ${bills.name}`)
    expect(create.parentSpanContext).toMatchObject(placeOf(request))
    expect(sent.parentSpanContext).toBeUndefined()
    expect(linkedPlaces(sent)).toEqual([placeOf(create)])
    expect(process.parentSpanContext).toMatchObject(placeOf(create))
    expect(linkedPlaces(process)).toEqual([placeOf(create)])
    expect(bill.parentSpanContext).toMatchObject(placeOf(process))
    expect(next.parentSpanContext).toMatchObject(placeOf(process))
    const traces = [request, create, process, bill, next].map((span) => placeOf(span).traceId)
    expect(new Set(traces).size).toBe(1)
    expect(traces).not.toContain(placeOf(sent).traceId)
    expect(process.attributes).toEqual({
      'messaging.system': 'kafka',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': orders.name,
      'messaging.destination.partition.id': '0',
      'messaging.kafka.offset': 0,
      'messaging.consumer.group.name': lab.name,
      'messaging.message.id': id,
    })
  })

  it('has its context in the log, which the handler of another library finds there', async () => {
    await publish('o-1')
    await send()
    const [create] = await finished(`create ${orders.name}`)
    const { traceId, spanId } = placeOf(create)
    const [record] = await readLog({ brokers: servers.kafkaBrokers, topics: [orders.name] })
    const headers = new Map(record?.headers)
    expect(headers.get('traceparent')).toBe(`00-${traceId}-${spanId}-01`)
  })

  it('has a span for each attempt, which says what failed, and none for a repeat', async () => {
    const [id = ''] = await publish('o-1')
    await send()
    const inbox = openInbox()
    const failures = [new TypeError('no such customer')]
    const handler = async (context: LabContext): Promise<void> => {
      await writeEffect(context)
      const failure = failures.shift()
      if (failure) throw failure
    }
    const repeat = nextEvent(inbox, 'message:deduplicated')
    await lab.run({ topics: [orders], inbox, handler })
    const [failed, handled] = await finished(processing(), 2)
    expect(failed.attributes['error.type']).toBe('TypeError')
    expect(failed.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no such customer' })
    expect(failed.events[0]?.attributes).toMatchObject({ 'exception.type': 'TypeError' })
    expect(handled?.status.code).toBe(SpanStatusCode.UNSET)
    expect(handled?.parentSpanContext).toEqual(failed.parentSpanContext)

    await lab.send(orders, [{ value: 'o-1', headers: { 'message-id': id } }])
    expect(await repeat).toMatchObject({ by: 'id' })
    expect(spansNamed(processing())).toHaveLength(2)
    expect(await lab.effects()).toEqual(['o-1'])
  })

  it('has a span where it is handled after it was parked, in the same trace', async () => {
    await publish('o-1')
    await send()
    const inbox = openInbox()
    const failures = [new Error('no such customer')]
    const handler = async (context: LabContext): Promise<void> => {
      const failure = failures.shift()
      if (failure) throw failure
      await writeEffect(context)
    }
    await lab.run({ topics: [orders], inbox, handler, options: { attempts: 1 } })
    const [failed, handled] = await finished(processing(), 2)
    const [create] = await finished(`create ${orders.name}`)
    expect(failed.attributes['error.type']).toBe('Error')
    expect(handled?.parentSpanContext).toMatchObject(placeOf(create))
    expect(handled?.status.code).toBe(SpanStatusCode.UNSET)
    expect(handled?.attributes).toMatchObject({ 'messaging.kafka.offset': 0 })
    await eventually(() => lab.effects()).toEqual(['o-1'])
  })

  it('is linked to the span of the batch that it is handled in', async () => {
    await inSpan('request', () => publish('o-1', 'o-2'))
    await send()
    await lab.run({ inbox: openInbox(), options: { handlers: [onBatch(orders, () => undefined)] } })
    const [batch] = await finished(processing())
    const creations = await finished(`create ${orders.name}`, 2)
    expect(batch.parentSpanContext).toBeUndefined()
    expect(linkedPlaces(batch)).toEqual(creations.map(placeOf))
    expect(batch.attributes).toMatchObject({ 'messaging.batch.message_count': 2 })
    const [sent] = await finished(`send ${orders.name}`)
    expect(linkedPlaces(sent)).toEqual(creations.map(placeOf))
  })
})
