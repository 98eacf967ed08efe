import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import {
  type CapturedRow,
  type HandledMessage,
  PigeonholeError,
  park,
  type TraceContext,
} from '@pigeonhole/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { isTracerRegistered } from './is-tracer-registered.js'
import { openTelemetryTracing } from './open-telemetry-tracing.js'

const exporter = new InMemorySpanExporter()
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const tracing = openTelemetryTracing()

beforeAll(() => {
  expect(isTracerRegistered()).toBe(false)
  provider.register()
  expect(isTracerRegistered()).toBe(true)
})
afterAll(() => {
  trace.disable()
  context.disable()
  propagation.disable()
})
beforeEach(() => exporter.reset())

const creation = (flags = '01', trace = 'a', span = '1'): string =>
  `00-${trace.repeat(32)}-${span.repeat(16)}-${flags}`

function row(over: Partial<CapturedRow> = {}): CapturedRow {
  return {
    seq: '1',
    id: 'm1',
    topic: 'orders',
    key: Buffer.from('k'),
    partition: null,
    bucket: 0,
    headers: [['traceparent', creation()]],
    payload: Buffer.of(1),
    ...over,
  }
}

function handled(over: Partial<HandledMessage['delivery']> = {}, id = 'm1'): HandledMessage {
  const headers = [['traceparent', Buffer.from(creation())]] as const
  const delivery = { topic: 'orders', partition: 2, offset: 7n, key: Buffer.from('k'), headers }
  return {
    delivery: { ...delivery, value: Buffer.of(1), ...over },
    identity: { id: { scope: 'orders', id } },
  }
}

const one = (message = handled()) => ({ messages: [message], isBatch: false })
const nothing = async (): Promise<void> => undefined

/** The only span that was told of. */
function onlySpan(): ReadableSpan {
  const spans = exporter.getFinishedSpans()
  expect(spans).toHaveLength(1)
  return spans[0] as ReadableSpan
}

const linkedSpans = ({ links }: ReadableSpan): string[] => links.map((link) => link.context.spanId)

/** Runs `work` in a span. Resolves to it. */
async function inSpan(work: () => Promise<unknown>): Promise<ReadableSpan> {
  const tracer = trace.getTracer('spec')
  await tracer.startActiveSpan('ambient', (span) => work().finally(() => span.end()))
  return exporter.getFinishedSpans().find(({ name }) => name === 'ambient') as ReadableSpan
}

describe('the span of a creation', () => {
  it('is a child of the active one, and its place travels with the message', async () => {
    let contexts: readonly (TraceContext | undefined)[] = []
    const ambient = await inSpan(() =>
      tracing.create(
        [row({ partition: 3 }), row({ id: 'm2', topic: 'bills', payload: null })],
        async (given) => {
          contexts = given
        },
      ),
    )
    const [first, second] = exporter.getFinishedSpans() as [ReadableSpan, ReadableSpan]
    expect([first.name, second.name]).toEqual(['create orders', 'create bills'])
    expect(first.kind).toBe(SpanKind.PRODUCER)
    expect(first.attributes).toEqual({
      'messaging.system': 'kafka',
      'messaging.operation.name': 'create',
      'messaging.operation.type': 'create',
      'messaging.destination.name': 'orders',
      'messaging.destination.partition.id': '3',
      'messaging.message.id': 'm1',
    })
    expect(second.attributes).toMatchObject({ 'messaging.kafka.message.tombstone': true })
    const { traceId, spanId } = ambient.spanContext()
    for (const [index, span] of [first, second].entries()) {
      expect(span.parentSpanContext?.spanId).toBe(spanId)
      expect(contexts[index]).toEqual({ traceparent: `00-${traceId}-${span.spanContext().spanId}-01` })
    }
  })

  it('says what its statement failed for', async () => {
    const failure = new PigeonholeError('OUTSIDE_TRANSACTION', { message: 'outside', details: {} })
    await expect(tracing.create([row()], () => Promise.reject(failure))).rejects.toBe(failure)
    const { attributes, status } = onlySpan()
    expect(attributes['error.type']).toBe('OUTSIDE_TRANSACTION')
    expect(status).toEqual({ code: SpanStatusCode.ERROR, message: 'outside' })
  })

  it('names the key where it is asked for and is text', async () => {
    const naming = openTelemetryTracing({ messageKeys: true })
    await naming.create([row(), row({ key: Buffer.of(0xff) }), row({ key: null })], nothing)
    const keys = exporter
      .getFinishedSpans()
      .map(({ attributes }) => attributes['messaging.kafka.message.key'])
    expect(keys).toEqual(['k', undefined, undefined])
  })
})

describe('the span of a batch that is sent', () => {
  const sent = { relay: 'orders', shard: 1, durationMs: 30, error: undefined }

  it('is in a trace of its own, with a link to each creation that was sampled', async () => {
    const rows = [
      row(),
      row({ id: 'm2', headers: [['traceparent', creation('00', 'b', '2')]] }),
      row({ id: 'm3', headers: [] }),
      row({ id: 'm4', headers: [['traceparent', creation('01', 'c', '3')]] }),
    ]
    await inSpan(async () => tracing.sent({ ...sent, rows }))
    const span = exporter.getFinishedSpans().find(({ name }) => name === 'send orders') as ReadableSpan
    expect(span.parentSpanContext).toBeUndefined()
    expect(span.kind).toBe(SpanKind.CLIENT)
    expect(span.attributes).toEqual({
      'messaging.system': 'kafka',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'orders',
      'messaging.batch.message_count': 4,
      'pigeonhole.relay': 'orders',
      'pigeonhole.shard': 1,
    })
    expect(linkedSpans(span)).toEqual(['1'.repeat(16), '3'.repeat(16)])
    expect(span.links[1]?.attributes).toEqual({
      'messaging.message.id': 'm4',
      'messaging.destination.name': 'orders',
    })
    expect(span.duration).toEqual([0, 30_000_000])
  })

  it('is told of in the midst of work of which nobody else tells, or writes into headers', async () => {
    const written = await tracing.unobserved(async () => {
      await Promise.resolve()
      const carrier = {}
      const span = trace.getTracer('another').startSpan('query')
      propagation.inject(trace.setSpan(context.active(), span), carrier)
      span.end()
      tracing.sent({ ...sent, rows: [row()] })
      return carrier
    })
    expect(onlySpan().name).toBe('send orders')
    expect(written).toEqual({})
  })

  it('names no topic where there are several', () => {
    tracing.sent({ ...sent, rows: [row(), row({ topic: 'bills' })] })
    const { name, attributes } = onlySpan()
    expect(name).toBe('send')
    expect(attributes).not.toHaveProperty(['messaging.destination.name'])
  })

  it('says what it failed for', () => {
    tracing.sent({ ...sent, rows: [row()], error: new RangeError('too large') })
    const { attributes, status } = onlySpan()
    expect(attributes['error.type']).toBe('RangeError')
    expect(status).toEqual({ code: SpanStatusCode.ERROR })
  })
})

describe('the span of a handler', () => {
  it('of one message continues the trace of its creation, and is linked to it', async () => {
    await tracing.process('billing', (run) => run(one(), nothing))
    const span = onlySpan()
    expect(span.name).toBe('process orders')
    expect(span.kind).toBe(SpanKind.CONSUMER)
    expect(span.spanContext().traceId).toBe('a'.repeat(32))
    expect(span.parentSpanContext?.spanId).toBe('1'.repeat(16))
    expect(linkedSpans(span)).toEqual(['1'.repeat(16)])
    expect(span.attributes).toEqual({
      'messaging.system': 'kafka',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'orders',
      'messaging.destination.partition.id': '2',
      'messaging.kafka.offset': 7,
      'messaging.consumer.group.name': 'billing',
      'messaging.message.id': 'm1',
    })
    expect(span.status.code).toBe(SpanStatusCode.UNSET)
  })

  it('belongs to what its message is handled in the course of, and is linked to its creation', async () => {
    const ambient = await inSpan(() => tracing.process('billing', (run) => run(one(), nothing)))
    const span = exporter.getFinishedSpans().find(({ name }) => name === 'process orders') as ReadableSpan
    expect(span.parentSpanContext?.spanId).toBe(ambient.spanContext().spanId)
    expect(linkedSpans(span)).toEqual(['1'.repeat(16)])
  })

  it('of a batch is in a trace of its own, with a link to each creation', async () => {
    const second = handled(
      { offset: 8n, headers: [['traceparent', Buffer.from(creation('01', 'b', '2'))]] },
      'm2',
    )
    const messages = [handled(), second, handled({ headers: [] }, 'm3')]
    await tracing.process('billing', (run) => run({ messages, isBatch: true }, nothing))
    const span = onlySpan()
    expect(span.parentSpanContext).toBeUndefined()
    expect(linkedSpans(span)).toEqual(['1'.repeat(16), '2'.repeat(16)])
    expect(span.links[1]?.attributes).toMatchObject({
      'messaging.message.id': 'm2',
      'messaging.kafka.offset': 8,
    })
    expect(span.attributes).toMatchObject({
      'messaging.batch.message_count': 3,
      'messaging.destination.partition.id': '2',
    })
    expect(span.attributes).not.toHaveProperty(['messaging.message.id'])
  })

  it('is active while it runs, also behind what it awaits', async () => {
    await tracing.process('billing', (run) =>
      run(one(), async () => {
        await Promise.resolve()
        trace.getTracer('spec').startSpan('own').end()
      }),
    )
    const [own, process] = exporter.getFinishedSpans()
    expect(own?.name).toBe('own')
    expect(own?.parentSpanContext?.spanId).toBe(process?.spanContext().spanId)
    expect(context.active()).toBe(ROOT_CONTEXT)
  })

  it('waits for the end of its transaction, whose failure it tells, and lasts no longer than its handler', async () => {
    const failure = new Error('deferred')
    const processing = tracing.process('billing', async (run) => {
      await run(one(), nothing)
      await run(one(handled({}, 'm2')), nothing)
      expect(exporter.getFinishedSpans()).toEqual([])
      vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 3_600_000)
      throw failure
    })
    await expect(processing).rejects.toBe(failure)
    vi.restoreAllMocks()
    const spans = exporter.getFinishedSpans()
    expect(spans.map(({ attributes }) => attributes['error.type'])).toEqual(['Error', 'Error'])
    for (const { duration } of spans) expect(duration[0]).toBeLessThan(3_600)
  })

  const codedError = Object.assign(new Error('Key (email)=(a@b.c) exists'), { code: '23505' })
  it.each<[string, unknown, string]>([
    ['of a class', new TypeError('no a@b.c'), 'TypeError'],
    ['with a code', codedError, '23505'],
    ['with a text for a code', Object.assign(new RangeError(), { code: 'a@b.c' }), 'RangeError'],
    ['that parks', park('no a@b.c'), 'PARK_REQUESTED'],
    ['that is none', 'a@b.c', '_OTHER'],
    ['of no form', Object.assign(new Error(), { code: 5, name: {}, message: {} }), 'Error'],
  ])('has no words of a handler, and names the type of an error %s', async (_, error, type) => {
    const processing = tracing.process('billing', (run) => run(one(), () => Promise.reject(error)))
    await expect(processing).rejects.toBe(error)
    const { attributes, status, events } = onlySpan()
    expect(attributes['error.type']).toBe(type)
    expect(status).toEqual({ code: SpanStatusCode.ERROR })
    expect(events).toEqual([])
  })

  it.each<[string, unknown, string]>([
    ['an error', new TypeError('no a@b.c'), 'no a@b.c'],
    ['what is none', 'a@b.c', 'a@b.c'],
  ])('has the words of %s where they are asked for', async (_, error, message) => {
    const telling = openTelemetryTracing({ errorMessages: true })
    const processing = telling.process('billing', (run) => run(one(), () => Promise.reject(error)))
    await expect(processing).rejects.toBe(error)
    const { status, events } = onlySpan()
    expect(status).toEqual({ code: SpanStatusCode.ERROR, message })
    expect(events[0]?.attributes).toMatchObject({ 'exception.message': message })
  })

  it('names the id that its message carries where its inbox takes none', async () => {
    const { delivery } = handled({ headers: [['message-id', Buffer.from('m9')]] })
    const message = { delivery, identity: { id: undefined } }
    await tracing.process('billing', (run) => run(one(message), nothing))
    expect(onlySpan().attributes).toMatchObject({ 'messaging.message.id': 'm9' })
    expect(onlySpan().links).toEqual([])
  })

  it('names the system that its messages come from', async () => {
    const queue = openTelemetryTracing({ system: 'aws_sqs' })
    await queue.process('billing', (run) => run(one(), nothing))
    expect(onlySpan().attributes).toMatchObject({ 'messaging.system': 'aws_sqs' })
  })
})

describe('the span of an operation', () => {
  const done = async () => ({ status: 'done', result: 'a@b.c' }) as const

  it('is a child of the active one, and active while it runs', async () => {
    const ambient = await inSpan(() =>
      tracing.run('POST /orders', async () => {
        await Promise.resolve()
        trace.getTracer('spec').startSpan('own').end()
        return done()
      }),
    )
    const [own, run] = exporter.getFinishedSpans()
    expect(run?.name).toBe('run POST /orders')
    expect(run?.kind).toBe(SpanKind.INTERNAL)
    expect(run?.parentSpanContext?.spanId).toBe(ambient.spanContext().spanId)
    expect(own?.parentSpanContext?.spanId).toBe(run?.spanContext().spanId)
    expect(context.active()).toBe(ROOT_CONTEXT)
  })

  it.each([
    ['done', false],
    ['refused', false],
    ['replayed', true],
  ] as const)(
    'that is %s says whether its answer is an earlier one, and nothing of the answer',
    async (status, replayed) => {
      const end = { status, result: 'a@b.c' }
      expect(await tracing.run('charge', async () => end)).toBe(end)
      const span = onlySpan()
      expect(span.attributes).toEqual({ 'pigeonhole.operation': 'charge', 'pigeonhole.replayed': replayed })
      expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
      expect(span.links).toEqual([])
    },
  )

  it('whose key is not let in has not failed, and says why', async () => {
    const error = new PigeonholeError('KEY_REUSED', { message: 'reused', details: { operation: 'charge' } })
    await tracing.run('charge', async () => ({ status: 'rejected', error }) as const)
    const span = onlySpan()
    expect(span.attributes).toEqual({ 'pigeonhole.operation': 'charge', 'error.type': 'KEY_REUSED' })
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
  })

  it('that fails says what it failed for, in no words of a handler', async () => {
    const failure = new TypeError('no a@b.c')
    await expect(tracing.run('charge', () => Promise.reject(failure))).rejects.toBe(failure)
    const span = onlySpan()
    expect(span.attributes).toEqual({ 'pigeonhole.operation': 'charge', 'error.type': 'TypeError' })
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.events).toEqual([])
  })
})

describe('openTelemetryTracing', () => {
  it('names the option nearest to an unknown one', () => {
    expect(() => openTelemetryTracing({ messageKey: true } as object)).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        details: { option: 'messageKey', nearest: 'messageKeys' },
      }),
    )
  })

  it('takes a provider that is not registered', async () => {
    const own = new InMemorySpanExporter()
    const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(own)] })
    await openTelemetryTracing({ tracerProvider }).create([row()], nothing)
    expect(own.getFinishedSpans()).toHaveLength(1)
    expect(exporter.getFinishedSpans()).toEqual([])
  })
})
