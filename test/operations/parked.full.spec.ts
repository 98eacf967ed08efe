import { createInbox, textCodec, topic } from '@pigeonhole/core'
import { type InboxRun, on, runInbox } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { ConsumerProcess } from '../run-inbox/consumer-process-handle.js'
import { firstIdOf, RunbookLab } from './runbook-lab.js'
import { soon } from './watched-service.js'

const patienceMs = 60_000

describe('what is parked', { timeout: 300_000 }, () => {
  let lab: RunbookLab
  beforeEach(async () => {
    lab = await RunbookLab.open({ topicSettings: { 'max.message.bytes': '2000' } })
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  it('a message that Kafka refuses, in the outbox: it is sent once it may, or discarded', async () => {
    const walk = lab.shell.section('A message that cannot be sent', { TOPIC: lab.topic, KEY: 'order-1' })
    const large = 'x'.repeat(3_000)
    lab.startWorker()
    await lab.publish(
      { key: 'order-1', value: large },
      { key: 'order-1', value: 'behind it' },
      { key: 'order-2', value: 'other' },
    )
    await soon(() => lab.parked(), patienceMs).toBe(2)
    expect(await walk.step('pigeonhole parked list')).toContain('RECORD_REFUSED')
    const messages = await walk.step('pigeonhole parked list --topic')
    expect(messages).not.toContain('xxx')
    walk.fillIn({ ID: firstIdOf(messages) })
    expect(await walk.step('pigeonhole parked show --id')).toContain('3000 bytes, shown by --payload')
    expect(await walk.step('pigeonhole parked show --id "$ID" --payload')).toBe(large)
    await lab.setTopic('max.message.bytes', '1000000')
    await walk.step('pigeonhole parked retry')
    await soon(() => lab.values(), patienceMs).toEqual(['other', large, 'behind it'])

    await lab.setTopic('max.message.bytes', '2000')
    await lab.publish({ key: 'order-1', value: large }, { key: 'order-1', value: 'kept' })
    await soon(() => lab.parked(), patienceMs).toBe(2)
    walk.fillIn({ ID: await oldestParked() })
    await walk.step('pigeonhole parked discard --id')
    await walk.step('pigeonhole parked retry')
    await soon(() => lab.values(), patienceMs).toEqual(['other', large, 'behind it', 'kept'])
    await soon(() => lab.parked(), patienceMs).toBe(0)
    await walk.step('pigeonhole status')
    walk.end()
  })

  it('a message that its handler fails at: it is handled once that is mended, or discarded', async () => {
    const walk = lab.shell.section('A message that cannot be handled', {
      TOPIC: lab.topic,
      KEY: 'order-1',
      INBOX: 'billing',
    })
    let isBroken = true
    await consume(async (value) => {
      if (isBroken && value.startsWith('bad')) throw new Error('cannot')
    })
    await lab.send(
      { key: 'order-1', value: 'bad' },
      { key: 'order-1', value: 'behind it' },
      { key: 'order-2', value: 'other' },
    )
    await soon(() => lab.parked(), patienceMs).toBe(2)
    expect(await walk.step('pigeonhole parked list')).toContain('order-1')
    walk.fillIn({ ID: firstIdOf(await walk.step('pigeonhole parked list --inbox "$INBOX" --topic')) })
    expect(await walk.step('pigeonhole parked show')).toContain('order-1')
    isBroken = false
    await walk.step('pigeonhole parked retry')
    await soon(() => lab.effects(), patienceMs).toEqual(['other', 'bad', 'behind it'])

    isBroken = true
    await lab.send({ key: 'order-1', value: 'bad again' }, { key: 'order-1', value: 'kept' })
    await soon(() => lab.parked(), patienceMs).toBe(2)
    walk.fillIn({ ID: await oldestParked() })
    await walk.step('pigeonhole parked discard')
    await walk.step('pigeonhole parked retry')
    await soon(() => lab.effects(), patienceMs).toEqual(['other', 'bad', 'behind it', 'kept'])
    walk.end()
  })

  it('a message whose handler kills its process: it is found, and handled once that is mended', async () => {
    const walk = lab.shell.section('A message that kills its process', {
      TOPIC: lab.topic,
      KEY: 'order-1',
      INBOX: 'billing',
    })
    await lab.pool.query(
      'ALTER TABLE effect ADD COLUMN key bytea; CREATE TABLE broken (value text PRIMARY KEY)',
    )
    await lab.send({ key: 'order-1', value: 'exit' }, { key: 'order-2', value: 'other' })
    while ((await lab.parked()) === 0) await startConsumer().exited
    const listed = await walk.step('pigeonhole parked list')
    expect(listed).toContain('MESSAGE_KILLS_PROCESS')
    walk.fillIn({ ID: await oldestParked() })
    expect(await walk.step('pigeonhole parked show')).toContain('order-1')
    await soon(() => lab.effects(), patienceMs).toEqual(['other'])
    await consume(async () => undefined)
    await walk.step('pigeonhole parked retry')
    await soon(() => lab.effects(), patienceMs).toEqual(['other', 'exit'])
    walk.end()
  })

  async function oldestParked(): Promise<string> {
    const { rows } = await lab.pool.query('SELECT min(id)::text AS id FROM pigeonhole.parked_message')
    return rows[0]?.id
  }

  /** Runs the inbox `billing`, with a handler that writes each value after `handle`. */
  async function consume(handle: (value: string) => Promise<void>): Promise<InboxRun> {
    const orders = topic<string>(lab.topic, { codec: textCodec })
    const inbox = createInbox({ store: postgresStore(lab.pool), name: 'billing' })
    const run = await runInbox(lab.kafka.consumer({ groupId: `${lab.name}-billing` }), inbox, {
      handlers: [
        on<pg.ClientBase, string>(orders, async ({ message: { value }, tx }) => {
          await handle(value)
          await tx.query('INSERT INTO effect (value) VALUES ($1)', [value])
        }),
      ],
      attempts: 1,
    })
    onTestFinished(() => run.stop())
    return run
  }

  /** A consumer whose handler exits. It is ended as soon as something is parked. */
  function startConsumer(): ConsumerProcess {
    const consumer = new ConsumerProcess(
      {
        databaseUrl: lab.database.url,
        brokers: lab.brokers,
        name: 'billing',
        groupId: `${lab.name}-billing`,
        topics: [lab.topic],
        attempts: 3,
        group: 1,
        timeoutMs: 5_000,
        dedupe: 'both',
        crash: 'never',
      },
      ({ type }) => {
        if (type === 'done') void endOnceParked(consumer)
      },
    )
    onTestFinished(async () => {
      consumer.signal('SIGKILL')
      await consumer.exited
    })
    return consumer
  }

  async function endOnceParked(consumer: ConsumerProcess): Promise<void> {
    if ((await lab.effects()).includes('other')) await consumer.stop()
  }
})
