import { createTraceState, INVALID_SPAN_CONTEXT, TraceFlags } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import { readTraceContext, toTraceContext } from './trace-headers.js'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const traceparent = `00-${traceId}-${spanId}-01`

const headers = (given: Readonly<Record<string, string>>) => readTraceContext((name) => given[name])

describe('toTraceContext', () => {
  it('writes trace, span and flags, and what tracing systems have added', () => {
    const context = { traceId, spanId, traceFlags: TraceFlags.SAMPLED }
    expect(toTraceContext(context)).toEqual({ traceparent })
    expect(toTraceContext({ ...context, traceState: createTraceState('a=1,b=2') })).toEqual({
      traceparent,
      tracestate: 'a=1,b=2',
    })
    expect(toTraceContext({ ...context, traceFlags: TraceFlags.NONE })?.traceparent).toMatch(/-00$/)
  })

  it('writes nothing of a span that is in no trace', () => {
    expect(toTraceContext(INVALID_SPAN_CONTEXT)).toBeUndefined()
  })
})

describe('readTraceContext', () => {
  it('reads what was written', () => {
    const found = headers({ traceparent, tracestate: 'a=1' })
    expect(found).toMatchObject({ traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true })
    expect(found?.traceState?.serialize()).toBe('a=1')
    expect(headers({ traceparent })?.traceState).toBeUndefined()
  })

  it('reads as much of a later version as it knows', () => {
    expect(headers({ traceparent: `01-${traceId}-${spanId}-01-more` })).toMatchObject({ traceId, spanId })
  })

  it.each([
    ['none', {}],
    ['one of another form', { traceparent: 'base64:AAECAw==' }],
    ['upper case', { traceparent: traceparent.toUpperCase() }],
    ['one that is too long', { traceparent: `${traceparent}-more` }],
    ['the version that is none', { traceparent: `ff-${traceId}-${spanId}-01` }],
    ['a trace of zeros', { traceparent: `00-${'0'.repeat(32)}-${spanId}-01` }],
    ['a span of zeros', { traceparent: `00-${traceId}-${'0'.repeat(16)}-01` }],
  ])('reads nothing of %s', (_, given) => {
    expect(headers(given)).toBeUndefined()
  })
})
