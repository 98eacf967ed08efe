import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { topic } from './topic.js'
import { validateValue } from './validate.js'

const OrderEvent = z.object({
  orderId: z.string(),
  lines: z.array(z.object({ quantity: z.coerce.number().int().positive() })),
})
const orders = topic('orders', { schema: OrderEvent })

describe('validateValue', () => {
  it('takes a value on trust without a schema', async () => {
    const value = { anything: 1 }
    expect(await validateValue(topic('orders'), value)).toBe(value)
  })

  it('resolves to what the schema makes of the value', async () => {
    const value = { orderId: '1', lines: [{ quantity: '2' }] }
    expect(await validateValue(orders, value)).toEqual({ orderId: '1', lines: [{ quantity: 2 }] })
  })

  it('names the path of what the schema refuses, and hands its issues on', async () => {
    const value = { orderId: '1', lines: [{ quantity: 2 }, { quantity: -1 }] }
    await expect(validateValue(orders, value)).rejects.toMatchObject({
      code: 'VALUE_INVALID',
      details: { topic: 'orders', path: 'lines.1.quantity' },
      message: expect.stringContaining('at lines.1.quantity'),
      cause: [expect.objectContaining({ code: 'too_small' })],
    })
  })

  it('speaks of the root where the value itself is refused', async () => {
    await expect(validateValue(orders, null)).rejects.toMatchObject({
      message: expect.stringContaining('at its root'),
      details: { path: '' },
    })
  })

  it('awaits a schema that answers later', async () => {
    const schema = z.string().refine(async (text) => text === 'yes')
    await expect(validateValue(topic('orders', { schema }), 'no')).rejects.toMatchObject({
      code: 'VALUE_INVALID',
    })
  })

  it('keeps the value out of the message, also where a schema quotes it', async () => {
    const quoting: StandardSchemaV1<string> = {
      '~standard': {
        version: 1,
        vendor: 'spec',
        validate: (value) => ({ issues: [{ message: `got ${value}`, path: [{ key: 'card' }, 0] }] }),
      },
    }
    const error: Error = await validateValue(topic('orders', { schema: quoting }), 'secret').catch((e) => e)
    expect(error).toMatchObject({ code: 'VALUE_INVALID', details: { path: 'card.0' } })
    expect(error.message).not.toContain('secret')
  })
})
