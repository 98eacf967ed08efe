// Messages that kill the process: each life of a consumer is a process of its own.
import type { Topic } from '@pigeonhole/core'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { ConsumerProcess } from './consumer-process-handle.js'
import type { ConsumerProcessMessage, ConsumerProcessOptions } from './consumer-process-protocol.js'
import { InboxLab } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

/** No case takes so many. */
const mostLives = 40

interface Supervised {
  readonly lives: number
  readonly told: readonly ConsumerProcessMessage[]
}

describe('a message that kills the process', { timeout: 240_000 }, () => {
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
    ['exits', 'exit', {}],
    ['uses up the memory', 'memory', {}],
    ['never yields', 'loop', {}],
    ['exits in the middle of a group', 'exit', { group: 5 }],
  ])('that %s is parked, and nothing else is', async (_, kind, given) => {
    const orders = await lab.createTopic()
    await lab.send(orders, ['a', 'b', kind, 'c', 'd', 'e', 'f'].map(keyed))
    const { lives } = await supervise({ topics: [orders.name], ...given }, () => untilHandled(6))
    expect(await lab.effects()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(await parked()).toEqual([{ payload: kind, error_code: 'MESSAGE_KILLS_PROCESS', attempts: 3 }])
    // One that gets to it, two without care, three with it, and the one that goes on. In a group, some find the way there.
    if (!('group' in given)) expect(lives).toBe(7)
  })

  it('is found where no positions are kept, by ids alone', async () => {
    const orders = await lab.createTopic()
    const values = ['a', 'b', 'exit', 'c']
    await lab.send(
      orders,
      values.map((value) => ({ ...keyed(value), headers: { 'message-id': value } })),
    )
    await supervise({ topics: [orders.name], dedupe: 'id' }, () => untilHandled(3))
    expect(await lab.effects()).toEqual(['a', 'b', 'c'])
    expect(await parked()).toMatchObject([{ payload: 'exit' }])
  })

  it('is told from those that are in handling beside it in the same process, on other partitions', async () => {
    const orders = await lab.createTopic(3)
    const slow = (partition: number) => Array.from({ length: 3 }, (_, i) => keyed(`slow-${partition}-${i}`))
    await lab.send(orders, slow(0), 0)
    await lab.send(orders, [keyed('late'), keyed('behind')], 1)
    await lab.send(orders, slow(2), 2)
    const { told } = await supervise({ topics: [orders.name] }, () => untilHandled(7))
    expect((await lab.effects()).sort()).toEqual(
      ['behind', ...[0, 2].flatMap((it) => [0, 1, 2].map((i) => `slow-${it}-${i}`))].sort(),
    )
    expect(await parked()).toMatchObject([{ payload: 'late' }])
    // The innocent ones were in handling when the process died, time and again.
    const handlings = told.flatMap((it) => (it.type === 'handling' ? [it.value] : []))
    expect(handlings.filter((value) => value === 'slow-0-0').length).toBeGreaterThan(1)
  })

  it('is told from one that only throws, which has its attempts in one life', async () => {
    const orders = await lab.createTopic(2)
    await lab.send(orders, ['throw', 'a'].map(keyed), 0)
    await lab.send(orders, ['exit', 'b'].map(keyed), 1)
    await supervise({ topics: [orders.name] }, () => untilHandled(2))
    expect(await parked()).toMatchObject([
      { payload: 'exit', error_code: 'MESSAGE_KILLS_PROCESS' },
      { payload: 'throw', error_code: 'Error', attempts: 3 },
    ])
  })

  it('and is handled again because an operator says so kills one process more, and is parked again', async () => {
    const [orders, dead] = [await lab.createTopic(), await lab.createTopic()]
    const options = { topics: [orders.name], deadLetters: dead.name }
    const behind = ['throw', 'exit-behind'].map((value) => ({ key: 'k', value }))
    await lab.send(orders, [...['a', 'exit', 'b'].map(keyed), ...behind, keyed('c')])
    await supervise(options, () => untilHandled(3))
    // The one behind it has its turn, and has killed others already, but for one.
    const [, first] = await lab.store.listInboxParkedMessages({ inbox: lab.name }, 2)
    await lab.store.discardInboxParked({ inbox: lab.name, ids: [first?.id ?? ''] })
    await lab.pool.query('UPDATE pigeonhole.parked_key SET starts = 3 WHERE starts = 0')
    await lab.store.retryInboxParked({ inbox: lab.name })
    for (const _killed of ['exit', 'exit-behind']) {
      expect(await start(options).exited).toBe('3')
      await lab.expelMembers()
    }
    // Not before their claims are over.
    await lab.pool.query('UPDATE pigeonhole.parked_key SET retry_at = now()')
    const next = start(options)
    const waits = async () =>
      (await lab.pool.query('SELECT error_code, retry_at FROM pigeonhole.parked_key')).rows
    await expect
      .poll(waits, { timeout: 60_000 })
      .toEqual(Array(2).fill({ error_code: 'MESSAGE_KILLS_PROCESS', retry_at: null }))
    await lab.send(orders, ['d'].map(keyed))
    await expect.poll(() => lab.effects(), { timeout: 60_000 }).toEqual(['a', 'b', 'c', 'd'])
    await next.stop()
    expect(await parked()).toMatchObject([{ payload: 'exit' }, { payload: 'exit-behind' }])
    // Of each once: when it was parked, or when it was found behind another one.
    expect(await letters(dead)).toEqual(['exit', 'throw', 'exit-behind'])
    // Whoever finds them tells of it.
    const failed = next.told.flatMap((it) =>
      it.type === 'event' && it.name === 'message:failed' ? [JSON.parse(it.data)] : [],
    )
    expect(failed.sort((a, b) => a.offset - b.offset)).toEqual(
      ['1', '4'].map((offset) => ({ topic: orders.name, offset, code: 'MESSAGE_KILLS_PROCESS' })),
    )
  })

  it('is none where deployments follow one another while there is nothing to do', async () => {
    const orders = await lab.createTopic()
    for (let i = 0; i < 8; i += 1) {
      const idle = start({ topics: [orders.name] })
      await toldBy(idle, ({ type }) => type === 'running')
      await idle.stop()
    }
    await lab.send(orders, ['a', 'b'].map(keyed))
    const { told } = await supervise({ topics: [orders.name] }, () => untilHandled(2))
    expect(told.filter((it) => it.type === 'event' && it.name === 'partition:careful')).toEqual([])
    expect(await parked()).toEqual([])
  })

  it('is none where the process dies before any handler has begun, however often', async () => {
    const orders = await lab.createTopic()
    await lab.send(orders, ['a', 'b'].map(keyed))
    for (let i = 0; i < 8; i += 1) {
      const doomed = start({ topics: [orders.name], crash: 'claimed' })
      expect(await doomed.exited).toBe('4')
      await lab.expelMembers()
    }
    await supervise({ topics: [orders.name] }, () => untilHandled(2))
    expect(await lab.effects()).toEqual(['a', 'b'])
    expect(await parked()).toEqual([])
  })

  it('is none where each process is killed while it handles, but gets on', async () => {
    const orders = await lab.createTopic()
    const values = Array.from({ length: 8 }, (_, i) => `slow-${i}`)
    await lab.send(orders, values.map(keyed))
    // Killed in the middle of the second one: each life handles one, or more where the machine is busy.
    while ((await lab.effects()).length < values.length - 1) {
      const doomed = start({ topics: [orders.name] })
      await toldBy(doomed, ({ type }) => type === 'handling', 2)
      doomed.signal('SIGKILL')
      await doomed.exited
      await lab.expelMembers()
    }
    await supervise({ topics: [orders.name] }, () => untilHandled(8))
    expect(await lab.effects()).toEqual(values)
    expect(await parked()).toEqual([])
  })

  function keyed(value: string) {
    return { key: value, value }
  }

  function start(
    given: Partial<ConsumerProcessOptions> & { readonly topics: readonly string[] },
    hear = ignore,
  ) {
    const shared = { databaseUrl: lab.databaseUrl, brokers: lab.brokers, name: lab.name }
    const defaults = { attempts: 3, group: 1, timeoutMs: 10_000, dedupe: 'both', crash: 'never' } as const
    const started = new ConsumerProcess({ ...shared, ...defaults, ...given }, hear, [
      '--max-old-space-size=100',
    ])
    processes.push(started)
    return started.probe()
  }

  // Starts the consumer again whenever it has died, until `isDone`; then ends it.
  async function supervise(
    options: Partial<ConsumerProcessOptions> & { readonly topics: readonly string[] },
    isDone: () => Promise<boolean>,
  ): Promise<Supervised> {
    const told: ConsumerProcessMessage[] = []
    for (let lives = 1; lives <= mostLives; lives += 1) {
      const life = start(options, (message) => told.push(message))
      while (!life.hasEnded) {
        const done = life.nextDone()
        if (await isDone()) {
          await life.stop()
          return { lives, told }
        }
        await Promise.race([life.exited, done])
      }
      await lab.expelMembers()
    }
    throw new Error(
      `Not done after ${mostLives} lives: ${JSON.stringify(told.filter(({ type }) => type !== 'tick'))}`,
    )
  }

  async function toldBy(
    one: ConsumerProcess,
    matches: (message: ConsumerProcessMessage) => boolean,
    times = 1,
  ): Promise<void> {
    await expect
      .poll(() => one.told.filter(matches).length, { timeout: 60_000 })
      .toBeGreaterThanOrEqual(times)
  }

  async function untilHandled(count: number): Promise<boolean> {
    return (await lab.effects()).length >= count
  }

  async function letters({ name }: Topic<string>): Promise<string[]> {
    const { rows } = await lab.pool.query(
      "SELECT convert_from(payload, 'UTF8') AS payload FROM pigeonhole.outbox_message WHERE topic = $1 ORDER BY seq",
      [name],
    )
    return rows.map(({ payload }) => payload)
  }

  async function parked() {
    const { rows } = await lab.pool.query(
      "SELECT convert_from(payload, 'UTF8') AS payload, error_code, attempts FROM pigeonhole.parked_message ORDER BY payload",
    )
    return rows
  }
})

function ignore(_: ConsumerProcessMessage): void {
  // Nobody asks.
}
