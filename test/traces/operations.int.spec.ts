import { randomUUID } from 'node:crypto'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { createOutbox, type OperationRequest, PigeonholeError, refuse } from '@pigeonhole/core'
import { openTelemetryTracing } from '@pigeonhole/opentelemetry'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type LabKind, OperationLab, pgKind, prismaKind } from '../idempotency/operation-lab.js'
import { placed } from '../idempotency/placed.js'
import {
  allSpans,
  finished,
  forgetSpans,
  inSpan,
  linkedPlaces,
  placeOf,
  registerSdk,
  spansNamed,
} from './finished-spans.js'

const operation = 'POST /orders'
const name = `run ${operation}`
const done = { 'pigeonhole.operation': operation, 'pigeonhole.replayed': false }
const replayed = { ...done, 'pigeonhole.replayed': true }

beforeAll(registerSdk)
describeTracedOperations(pgKind)
describeTracedOperations(prismaKind)

/** What a trace says of an operation, whichever client its service has. */
function describeTracedOperations<Tx>(kind: LabKind<Tx>): void {
  describe(`a traced operation through ${kind.name}`, () => {
    const tracing = openTelemetryTracing()
    let lab: OperationLab<Tx>
    beforeAll(async () => {
      lab = await OperationLab.open(kind)
    })
    beforeEach(forgetSpans)
    afterAll(() => lab[Symbol.asyncDispose]())

    const open = () =>
      lab.idempotency({ tracing, outbox: createOutbox({ store: lab.client.store, tracing }) })

    const request = (): OperationRequest & { readonly key: string } => {
      const key = `key-${randomUUID()}`
      return { operation, key, tenant: 'tenant-a@b.c', input: 'input-a@b.c' }
    }

    /** Places an order, tells of it, and goes on with `then`. */
    const place = <R>(asked: OperationRequest & { readonly key: string }, then: () => Promise<R>) =>
      open().run(asked, async ({ tx, publish }) => {
        await lab.place(tx, asked.key)
        await publish(placed, { id: asked.key })
        return then()
      })

    it('has what its handler does and publishes as its children, and is a child of the request', async () => {
      const asked = request()
      await inSpan('request', () => place(asked, () => inSpan('own', async () => 'placed')))
      const [run] = await finished(name)
      const [first] = await finished('request')
      expect(run.kind).toBe(SpanKind.INTERNAL)
      expect(run.parentSpanContext).toMatchObject(placeOf(first))
      for (const child of ['own', 'create orders']) {
        const [span] = await finished(child)
        expect(span.parentSpanContext).toMatchObject(placeOf(run))
      }
      expect(run.attributes).toEqual(done)
      expect(run.status).toEqual({ code: SpanStatusCode.UNSET })
    })

    it('that is replayed says so, and has no children and no links', async () => {
      const asked = request()
      await place(asked, async () => 'placed')
      forgetSpans()
      expect(await place(asked, async () => 'again')).toEqual({ replayed: true, result: 'placed' })
      const [run] = await finished(name)
      expect(allSpans()).toHaveLength(1)
      expect(run.attributes).toEqual(replayed)
      expect(linkedPlaces(run)).toEqual([])
      expect(run.status).toEqual({ code: SpanStatusCode.UNSET })
    })

    it('that is refused has not failed, nor have its repeats', async () => {
      const asked = request()
      for (let time = 1; time <= 2; time++) await place(asked, async () => refuse('no stock'))
      const runs = await finished(name, 2)
      expect(runs.map(({ attributes }) => attributes)).toEqual([done, replayed])
      expect(runs.map(({ status }) => status.code)).toEqual([SpanStatusCode.UNSET, SpanStatusCode.UNSET])
      expect(await lab.countsOf(asked.key)).toEqual({ orders: 0, messages: 0 })
    })

    it('whose key is not let in says why, and has not failed', async () => {
      const asked = request()
      await place(asked, async () => {
        await expect(place(asked, async () => 'beside')).rejects.toMatchObject({ code: 'KEY_RUNNING' })
        return 'placed'
      })
      const reused = place({ ...asked, input: 'other' }, async () => 'other')
      await expect(reused).rejects.toMatchObject({ code: 'KEY_REUSED' })
      const [running, first, other] = await finished(name, 3)
      expect(running.attributes).toEqual({ 'pigeonhole.operation': operation, 'error.type': 'KEY_RUNNING' })
      expect(first?.attributes).toEqual(done)
      expect(other?.attributes).toEqual({ 'pigeonhole.operation': operation, 'error.type': 'KEY_REUSED' })
      for (const run of [running, first, other]) expect(run?.status).toEqual({ code: SpanStatusCode.UNSET })
    })

    it('whose handler throws has failed, in no words of the handler', async () => {
      const asked = request()
      const failing = place(asked, () => Promise.reject(new TypeError(`no ${asked.key}`)))
      await expect(failing).rejects.toThrow(TypeError)
      const [run] = await finished(name)
      expect(run.attributes).toEqual({ 'pigeonhole.operation': operation, 'error.type': 'TypeError' })
      expect(run.status).toEqual({ code: SpanStatusCode.ERROR })
      expect(spansNamed('create orders')).toHaveLength(1)
    })

    it('whose COMMIT fails has failed', async () => {
      const asked = request()
      await open().run(asked, ({ tx }) => lab.place(tx, asked.key))
      forgetSpans()
      const failing = open().run(request(), async ({ tx }) => {
        await lab.client.sql(tx, 'SET CONSTRAINTS ALL DEFERRED')
        await lab.place(tx, randomUUID(), asked.key)
      })
      await expect(failing).rejects.toThrow()
      const [run] = await finished(name)
      expect(run.status.code).toBe(SpanStatusCode.ERROR)
      expect(run.attributes).toMatchObject({ 'error.type': expect.any(String) })
    })

    it('that passes on what another operation was refused for has failed', async () => {
      const other = { ...request(), operation: 'charge' }
      await open().run(other, async () => 'charged')
      const passing = place(request(), () => open().run({ ...other, input: 'other' }, async () => 'again'))
      await expect(passing).rejects.toMatchObject({ code: 'KEY_REUSED' })
      const [run] = await finished(name)
      expect(run.status.code).toBe(SpanStatusCode.ERROR)
      expect(run.attributes).toMatchObject({ 'error.type': 'KEY_REUSED' })
    })

    it('that is tried again has one span, in which each attempt publishes', async () => {
      const conflict = new PigeonholeError('STORE_CONFLICT', {
        message: 'lost',
        details: {},
        retryable: true,
      })
      const conflicts = [conflict]
      await place(request(), async () => {
        const lost = conflicts.shift()
        if (lost) throw lost
      })
      const [run] = await finished(name)
      expect(run.attributes).toEqual(done)
      const creations = await finished('create orders', 2)
      for (const { parentSpanContext } of creations) expect(parentSpanContext).toMatchObject(placeOf(run))
    })

    it('that has no key has no span: nothing is run', async () => {
      const keyless = open().run({ operation, key: undefined, input: '' }, async () => 'placed')
      await expect(keyless).rejects.toMatchObject({ code: 'KEY_MISSING' })
      expect(allSpans()).toEqual([])
    })

    it('tells nothing of key, tenant, input and answer, however it ends', async () => {
      const asked = request()
      const failing = place(asked, () => Promise.reject(new Error('answer-a@b.c')))
      await expect(failing).rejects.toThrow()
      for (let time = 1; time <= 2; time++) await place(asked, async () => 'answer-a@b.c')
      await expect(place({ ...asked, input: 'other-a@b.c' }, async () => '')).rejects.toThrow()
      await finished(name, 4)
      const told = allSpans().map(({ name, attributes, events, links, status, resource }) =>
        JSON.stringify({ name, attributes, events, links, status, resource: resource.attributes }),
      )
      for (const secret of [asked.key, 'a@b.c']) expect(told.join('\n')).not.toContain(secret)
    })

    it('has no span where no tracer is given', async () => {
      await lab.idempotency().run(request(), async () => 'placed')
      expect(allSpans()).toEqual([])
    })
  })
}
