// Members of one group, each a process of its own, that come, go, die and fall asleep.
import { setTimeout as delay } from 'node:timers/promises'
import type { Topic } from '@pigeonhole/core'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { Random } from '../chaos/random.js'
import { ConsumerProcess } from './consumer-process-handle.js'
import type { ConsumerProcessMessage, ConsumerProcessOptions } from './consumer-process-protocol.js'
import { InboxLab } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
const partitions = [0, 1, 2, 3]

describe('members of a group', { timeout: 240_000 }, () => {
  let lab: InboxLab
  const processes: ConsumerProcess[] = []
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(async () => {
    for (const one of processes.splice(0)) one.signal('SIGKILL')
    await lab[Symbol.asyncDispose]()
  })

  it.each([
    ['', 0],
    [', nor where its starts are written down', 2],
  ])('whose owner is paused with the position in its hands do not park anything%s', async (_, claims) => {
    const orders = await lab.createTopic()
    await lab.pool.query('INSERT INTO pigeonhole.inbox_claim VALUES ($1, $2, 0, 0, $3)', [
      lab.name,
      orders.name,
      claims,
    ])
    await lab.send(orders, ['hold', 'a', 'b'].map(keyed))
    // One failure of its own would park a message. The owner's transaction is still open when the successor has started.
    const owner = start(orders, { attempts: 1, timeoutMs: 20_000, holds: true })
    await told(owner, ({ type }) => type === 'handling')
    owner.signal('SIGSTOP')
    await lab.expelMembers()
    const successor = start(orders, { attempts: 1, timeoutMs: 60_000 })
    // It has the partition at once, and waits for the row of the position until PostgreSQL ends the owner's session.
    await expect.poll(() => lab.sessionsWaitingForLocks(), waiting).toBe(1)
    await expect.poll(() => lab.effects(), waiting).toEqual(['hold', 'a', 'b'])
    if (claims > 0) expect(successor.told.some(isCareful)).toBe(true)
    owner.signal('SIGCONT')
    await lab.send(orders, ['c'].map(keyed))
    await expect.poll(() => lab.effects(), waiting).toEqual(['hold', 'a', 'b', 'c'])
    await told(owner, (it) => it.type === 'event' && it.name === 'partition:lost')
    expect(await parked()).toEqual([])
    expect(await owner.stop()).toBe('0')
    expect(await lab.effects()).toEqual(['hold', 'a', 'b', 'c'])
  })

  it.each(['both', 'id'] as const)(
    'that are killed while they wait for a paused owner have started nothing, however many (%s)',
    async (dedupe) => {
      const orders = await lab.createTopic()
      const identified = (value: string) => ({ ...keyed(value), headers: { 'message-id': value } })
      await lab.send(orders, ['hold', 'a'].map(identified))
      // It outlasts the test.
      const terms = { attempts: 1, timeoutMs: 600_000, dedupe }
      const owner = start(orders, { ...terms, holds: true })
      await told(owner, ({ type }) => type === 'handling')
      owner.signal('SIGSTOP')
      await lab.expelMembers()
      const waiter = async (name: string): Promise<ConsumerProcess> => {
        const databaseUrl = `${lab.databaseUrl}?application_name=${name}`
        const successor = start(orders, { ...terms, databaseUrl })
        await expect.poll(() => lab.sessionsWaitingForLocks(name), waiting).toBe(1)
        return successor
      }
      // More than may die of a message that is to blame.
      for (const name of ['first', 'second', 'third', 'fourth', 'fifth', 'sixth']) {
        const successor = await waiter(name)
        successor.signal('SIGKILL')
        await successor.exited
        await lab.expelMembers()
      }
      const last = await waiter('last')
      expect(last.told.some(isCareful)).toBe(true)
      // Its session ends with it. Woken it might be given the partition once more.
      owner.signal('SIGKILL')
      const outcome = async () => ({ effects: await lab.effects(), parked: await parked() })
      await expect.poll(outcome, waiting).toEqual({ effects: ['hold', 'a'], parked: [] })
      expect(await last.stop()).toBe('0')
      expect(await lab.effects()).toEqual(['hold', 'a'])
    },
  )

  it.each([
    [2, 1],
    [3, 2],
    [5, 3],
  ])(
    '%d of them: effects are once each, in the order of each key, whatever becomes of the processes',
    async (size, seed) => {
      const random = new Random(`members ${seed}`)
      const orders = await lab.createTopic(partitions.length)
      const sent = partitions.map((partition) =>
        Array.from(
          { length: 60 },
          (_, i) => `${random.pick(['fast', 'fast', 'fast', 'slow', 'deaf'])}-${partition}-${i}`,
        ),
      )
      const sending = Promise.all(
        sent.map(async (values, partition) => {
          for (const value of values) await lab.send(orders, [{ key: String(partition), value }], partition)
        }),
      )
      const members: ConsumerProcess[] = Array.from({ length: size }, () => start(orders))
      for (let step = 0; step < 8; step += 1) {
        const place = random.between(0, size - 1)
        const member = members[place] as ConsumerProcess
        const fate = random.pick(['leaves', 'is killed', 'is paused', 'is paused for long'])
        if (fate === 'leaves') await Promise.race([member.stop(), delay(5_000)])
        if (fate === 'is killed') member.signal('SIGKILL')
        if (fate === 'leaves' || fate === 'is killed') {
          member.signal('SIGKILL')
          members[place] = start(orders)
        } else {
          member.signal('SIGSTOP')
          // Longer than its session, or not.
          await delay(fate === 'is paused' ? 1_500 : 7_500)
          member.signal('SIGCONT')
        }
        await delay(random.between(0, 1_500))
      }
      await sending
      const count = sent.flat().length
      await expect
        .poll(async () => (await lab.effects()).length, { ...waiting, timeout: 120_000 })
        .toBe(count)
      const effects = await lab.effects()
      for (const [partition, values] of sent.entries())
        expect(effects.filter((value) => value.split('-')[1] === String(partition))).toEqual(values)
      expect(await parked()).toEqual([])
    },
  )

  const waiting = { timeout: 60_000, interval: 100 }

  function keyed(value: string) {
    return { key: 'k', value }
  }

  function isCareful(message: ConsumerProcessMessage): boolean {
    return message.type === 'event' && message.name === 'partition:careful'
  }

  function start(
    { name: topic }: Topic<string>,
    given: Partial<ConsumerProcessOptions> = {},
  ): ConsumerProcess {
    const shared = { databaseUrl: lab.databaseUrl, brokers: lab.brokers, name: lab.name, topics: [topic] }
    const defaults = { attempts: 5, group: 1, timeoutMs: 10_000, dedupe: 'both', crash: 'never' } as const
    const started = new ConsumerProcess({ ...shared, ...defaults, ...given })
    processes.push(started)
    return started
  }

  async function told(
    one: ConsumerProcess,
    matches: (message: ConsumerProcessMessage) => boolean,
  ): Promise<void> {
    await expect.poll(() => one.told.some(matches), waiting).toBe(true)
  }

  async function parked() {
    const { rows } = await lab.pool.query('SELECT error_code, error FROM pigeonhole.parked_message')
    return rows
  }
})
