import { createIdempotency, type Idempotency, PigeonholeError, refuse } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import type pg from 'pg'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WorkerLab } from '../worker-lab.harness.js'
import { measureIdempotency } from './measure-idempotency.js'

describe('the metrics of idempotency keys', () => {
  let lab: WorkerLab
  let register: Registry
  let idempotency: Idempotency<pg.ClientBase>
  beforeEach(async () => {
    lab = await WorkerLab.open()
    register = new Registry()
    idempotency = createIdempotency({ store: postgresStore(lab.pool) })
    measureIdempotency(idempotency, { register })
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  const asked = (key: string, input = 'secret input', operation = 'POST /orders') => {
    return { operation, key, tenant: 'secret tenant', input }
  }
  const done = async () => 'secret result'

  async function counts(): Promise<unknown> {
    const metric = await register.getSingleMetric('pigeonhole_idempotency_total')?.get()
    return Object.fromEntries(
      (metric?.values ?? []).map(({ labels, value }) => [
        `${labels['operation']} ${labels['outcome']}`,
        value,
      ]),
    )
  }

  it('count what became of requests, by operation', async () => {
    await idempotency.run(asked('secret-1'), done)
    await idempotency.run(asked('secret-1'), done)
    await idempotency.run(asked('secret-1'), done)
    await idempotency.run(asked('secret-2'), async () => refuse('sold out'))
    await expect(idempotency.run(asked('secret-1', 'other'), done)).rejects.toThrow()
    await expect(idempotency.run(asked('secret-3'), () => Promise.reject(new Error('no')))).rejects.toThrow()
    await idempotency.run(asked('secret-4'), async () => {
      await expect(idempotency.run(asked('secret-4'), done)).rejects.toThrow()
    })
    await idempotency.run(asked('secret-1', 'secret input', 'charge'), done)
    expect(await counts()).toEqual({
      'POST /orders done': 2,
      'POST /orders replayed': 2,
      'POST /orders refused': 1,
      'POST /orders reused': 1,
      'POST /orders running': 1,
      'POST /orders failed': 1,
      'charge done': 1,
    })
    expect(await register.metrics()).not.toContain('secret')
  })

  it('count an attempt that was done again after a conflict, and say how long all of it took', async () => {
    let attempts = 0
    await idempotency.run(asked('a'), async () => {
      attempts += 1
      if (attempts === 1) throw new PigeonholeError('STORE_CONFLICT', { message: 'deadlock', details: {} })
    })
    expect(await counts()).toEqual({ 'POST /orders retried': 1, 'POST /orders done': 1 })
    const text = await register.metrics()
    expect(text).toContain('pigeonhole_idempotency_seconds_count{operation="POST /orders"} 1')
    const sum = Number(text.match(/idempotency_seconds_sum{operation="POST \/orders"} (\S+)/)?.[1])
    expect(sum).toBeGreaterThan(0)
    expect(sum).toBeLessThan(30)
  })

  it('of several share a registry', async () => {
    const other = createIdempotency({ store: postgresStore(lab.pool) })
    measureIdempotency(other, { register })
    await idempotency.run(asked('a'), done)
    await other.run(asked('a'), done)
    expect(await counts()).toEqual({ 'POST /orders done': 1, 'POST /orders replayed': 1 })
  })
})
