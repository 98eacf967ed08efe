import { isPigeonholeError } from '@pigeonhole/core'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { eventually, nextEvent } from './events.js'
import { InboxLab } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
const values = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `m${from + i}`)

describe('where retention has deleted what comes next', () => {
  let lab: InboxLab
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  /** A topic of m0 to m19 whose log begins at `start`, and a group that has come to offset 5. */
  async function logFrom(start: number) {
    const orders = await lab.createTopic()
    await lab.send(
      orders,
      values(0, 19).map((value) => ({ value, headers: { 'message-id': value } })),
    )
    await lab.setGroupOffset(orders, '5')
    const partitions = [{ partition: 0, offset: String(start) }]
    await lab.admin(async (admin) => {
      // kafkajs deletes only in topics that it has heard of.
      await admin.fetchTopicOffsets(orders.name)
      await admin.deleteTopicRecords({ topic: orders.name, partitions })
    })
    return orders
  }

  it.each([
    ['earliest', 'both'],
    ['latest', 'both'],
    ['latest', 'id'],
  ] as const)('a group goes on with what is left, from %s and deduplicated by %s', async (from, dedupe) => {
    const orders = await logFrom(10)
    await lab.run({ topics: [orders], inbox: lab.inbox({ dedupe }), options: { from } })
    await eventually(() => lab.effects()).toEqual(values(10, 19))
    await lab.send(orders, [{ value: 'm20', headers: { 'message-id': 'm20' } }])
    await eventually(() => lab.effects()).toEqual(values(10, 20))
    await eventually(() => lab.groupOffset(orders)).toBe('21')
  })

  it.each([
    [10, 'earliest'],
    [10, 'latest'],
    [20, 'latest'],
  ] as const)(
    'an inbox holds the partition at once, and names the start of the log, %d, from %s',
    async (start, from) => {
      const orders = await logFrom(start)
      await lab.pool.query(
        'INSERT INTO pigeonhole.inbox_position (inbox, topic, partition, next_offset) VALUES ($1, $2, 0, 5)',
        [lab.name, orders.name],
      )
      const run = await lab.run({ topics: [orders], options: { from } })
      const { error } = await nextEvent(run, 'partition:held')
      if (!isPigeonholeError(error, 'POSITION_NOT_IN_LOG')) throw error
      expect(error.details).toMatchObject({ nextOffset: '5', offered: String(start) })
      expect(await lab.effects()).toEqual([])
      // As the operator is told to.
      await lab.pool.query('UPDATE pigeonhole.inbox_position SET next_offset = $1', [error.details.offered])
      await lab.send(orders, ['m20'])
      await eventually(() => lab.effects()).toEqual(values(start, 20))
    },
  )
})
