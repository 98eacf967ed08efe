import { describe, expect, it } from 'vitest'
import { capturedRow } from './captured-row.fake.js'
import type { PartitionMap } from './partition-map.js'
import { partitionOfKey } from './partitioner.js'
import { placeRows } from './placement.js'

const id = '0197b0c2-0000-7000-8000-000000000001'

/** Knows `known` until it is told to forget, and `real` from then on. */
function partitionMap(known: number, real = known): PartitionMap {
  let count = known
  const map: Pick<PartitionMap, 'count' | 'forget'> = {
    count: async (topics) => new Map([...topics].map((topic) => [topic, count])),
    forget: () => {
      count = real
    },
  }
  return map as PartitionMap
}

describe('placeRows', () => {
  it('places a row by its key', async () => {
    const key = Buffer.from('order-1')
    const [record] = await placeRows([capturedRow({ topic: 't', key })], partitionMap(12))
    expect(record?.partition).toBe(partitionOfKey(key, 12))
    expect(record?.message.partition).toBe(record?.partition)
  })

  it('places a row without a key by its id', async () => {
    // So many that no other rule finds the same one by chance.
    const partitions = 1_000_000
    const [record] = await placeRows([capturedRow({ topic: 't', key: null, id })], partitionMap(partitions))
    expect(record?.partition).toBe(partitionOfKey(Buffer.from(id), partitions))
  })

  it('spreads rows without a key', async () => {
    const rows = Array.from({ length: 200 }, () => capturedRow({ topic: 't', key: null }))
    const records = await placeRows(rows, partitionMap(4))
    expect(new Set(records.map(({ partition }) => partition))).toEqual(new Set([0, 1, 2, 3]))
  })

  it('honours the partition that a row asks for', async () => {
    const [record] = await placeRows([capturedRow({ topic: 't', partition: 3 })], partitionMap(4))
    expect(record?.partition).toBe(3)
  })

  it('refuses a row for a topic in which a relay keeps its checkpoints', async () => {
    const rows = [
      capturedRow({ topic: 't' }),
      capturedRow({ topic: 'pigeonhole.relay.orders', partition: 0 }),
    ]
    await expect(placeRows(rows, partitionMap(4))).rejects.toMatchObject({
      code: 'RECORD_REFUSED',
      details: { topic: 'pigeonhole.relay.orders' },
    })
  })

  it.each(['', 'a b', 'ü', '..', 'x'.repeat(250)])(
    'refuses a row for the topic %j, which cannot be',
    async (topic) => {
      const rows = [capturedRow({ topic: 't' }), capturedRow({ topic })]
      await expect(placeRows(rows, partitionMap(4))).rejects.toMatchObject({
        code: 'RECORD_REFUSED',
        details: { topic, reason: 'no topic of Kafka can have that name' },
      })
    },
  )

  it.each([
    'null',
    '{}',
    '7',
    '["x", 7]',
    '[[]]',
    '[["a"]]',
    '[["a", null]]',
    '[["a", 1]]',
    '[["a", {"base64": 1}]]',
    '[[null, "x"]]',
  ])('refuses a row whose headers are %s, and does not tell them', async (headers) => {
    const placing = placeRows([capturedRow({ topic: 't', headers: JSON.parse(headers) })], partitionMap(4))
    await expect(placing).rejects.toMatchObject({
      code: 'RECORD_REFUSED',
      details: { topic: 't', reason: 'its headers are not as publishing stores them' },
    })
    await expect(placing).rejects.not.toHaveProperty('cause')
  })

  it('refuses a partition below the first', async () => {
    await expect(
      placeRows([capturedRow({ topic: 't', partition: -1 })], partitionMap(4)),
    ).rejects.toMatchObject({
      code: 'RECORD_REFUSED',
      details: { topic: 't', reason: 'partition -1 does not exist, the topic has 4' },
    })
  })

  it('looks again before it refuses a partition beyond the last', async () => {
    const row = capturedRow({ topic: 't', partition: 4 })
    const [record] = await placeRows([row], partitionMap(4, 8))
    expect(record?.partition).toBe(4)
    await expect(placeRows([row], partitionMap(4))).rejects.toMatchObject({
      code: 'RECORD_REFUSED',
      details: { topic: 't', reason: 'partition 4 does not exist, the topic has 4' },
    })
  })
})
