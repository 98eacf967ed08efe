import { createInbox, type Delivery, type InboxOptions, on, park, topic } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import type pg from 'pg'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WorkerLab } from '../worker-lab.harness.js'
import { measureInbox } from './measure-inbox.js'

const orders = topic<string>('orders')

describe('the metrics of an inbox', () => {
  let lab: WorkerLab
  beforeEach(async () => {
    lab = await WorkerLab.open()
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  function delivery(offset: number, given: Partial<Delivery> = {}): Delivery {
    const value = Buffer.from('"secret value"')
    const headers = [['message-id', Buffer.from(`id-${offset}`)]] as const
    const place = { topic: 'orders', partition: 0, offset: BigInt(offset) }
    return { ...place, key: Buffer.from('secret key'), value, headers, ...given }
  }

  const open = (register: Registry, options: Partial<InboxOptions<pg.ClientBase>> = {}) => {
    const inbox = createInbox({ store: postgresStore(lab.pool), name: 'billing', ...options })
    measureInbox(inbox, { register })
    return inbox
  }

  it('count what became of messages, and say how long they took', async () => {
    const register = new Registry()
    const inbox = open(register)
    const idle = on<pg.ClientBase, string>(orders, () => undefined)
    const failing = on<pg.ClientBase, string>(orders, () => Promise.reject(new Error('secret error')))
    const parking = on<pg.ClientBase, string>(orders, () => Promise.reject(park('secret reason')))
    await inbox.handle(delivery(1), idle)
    await inbox.handle(delivery(2, { headers: [] }), idle)
    await inbox.handle(delivery(2), idle)
    await expect(inbox.handle(delivery(3), failing)).rejects.toThrow()
    await inbox.handle(delivery(3, { key: null }), parking)
    const text = await register.metrics()
    const count = (outcome: string) =>
      Number(
        text.match(
          new RegExp(`handled_total{inbox="billing",topic="orders",outcome="${outcome}"} (\\d+)`),
        )?.[1],
      )
    expect(['handled', 'duplicate', 'failed', 'parked'].map(count)).toEqual([2, 1, 2, 1])
    expect(text).toContain('pigeonhole_inbox_missing_id_total{inbox="billing",topic="orders"} 1')
    expect(text).toContain('pigeonhole_inbox_handler_seconds_count{inbox="billing",topic="orders"} 2')
    const sum = Number(text.match(/handler_seconds_sum{inbox="billing",topic="orders"} (\S+)/)?.[1])
    expect(sum).toBeGreaterThan(0)
    expect(sum).toBeLessThan(30)
    expect(text).not.toMatch(/secret|id-1/)
  })

  it('of several share a registry', async () => {
    const register = new Registry()
    for (const name of ['billing', 'audit']) {
      const inbox = open(register, { name })
      await inbox.handle(
        delivery(1),
        on<pg.ClientBase, string>(orders, () => undefined),
      )
    }
    const text = await register.metrics()
    for (const name of ['billing', 'audit'])
      expect(text).toContain(`handled_total{inbox="${name}",topic="orders",outcome="handled"} 1`)
  })
})
