import { createInbox, createOutbox } from '@pigeonhole/core'
import { on, runInbox } from '@pigeonhole/kafkajs'
import { describe, expect, inject, it } from 'vitest'
import { collectEvents, eventually } from './events.js'
import { InboxLab } from './inbox-lab.js'
import { type LabStore, openPostgresStore, openPrismaStore } from './lab-store.js'
import { saidToBeFull, smallDisk } from './small-disk.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
const sent = ['a', 'broken', 'b'].map((value) => ({ value, key: value, headers: { 'message-id': value } }))

describeFullDisk('postgresStore', openPostgresStore)
describeFullDisk('prismaStore', openPrismaStore)

function describeFullDisk<Tx>(name: string, open: (databaseUrl: string) => LabStore<Tx>): void {
  describe(`a full disk, through ${name}`, { timeout: 180_000 }, () => {
    it.each([
      ['effect', "the handler's table"],
      ['pigeonhole.inbox_message', 'the ids'],
      ['pigeonhole.parked_message', 'what is parked'],
    ])('under %s, %s, holds the partition until there is room, and is nobody’s fault', async (table) => {
      await using lab = await InboxLab.open(servers)
      await using opened = open(lab.databaseUrl)
      const real = await smallDisk(lab.pool, table)
      // Where it is to be shown, the weaker form shows too little.
      if (!real && process.env['CI'])
        throw new Error(`No file system could be mounted for ${table}: only root may`)
      // Says in the report what was tested.
      console.log(`${table} is ${real ? 'on a file system of 1 MB' : 'said to be full by a trigger'}`)
      await using disk = real ?? (await saidToBeFull(lab.pool, table))
      const orders = await lab.createTopic()
      await disk.fill()
      const { store } = opened
      const inbox = createInbox({ store, outbox: createOutbox({ store }), name: lab.name })
      await using run = await runInbox(lab.newKafka().consumer(lab.consumerConfig), inbox, {
        handlers: [
          // Fails for one message by its own fault, so that it is parked.
          on<Tx, string>(orders, async ({ message: { value }, tx }) => {
            if (value === 'broken') throw new Error('broken')
            await opened.query(tx, `INSERT INTO effect (value) VALUES ('${value}')`)
          }),
        ],
        backoff: { initialMs: 50, maxMs: 200 },
        attempts: 2,
      })
      const held = collectEvents(run, 'partition:held')
      await lab.send(orders, sent)
      const full = () => held.filter(({ error }) => (error as { code?: string }).code === 'STORE_UNAVAILABLE')
      await eventually(() => full().length).toBeGreaterThan(4)
      expect(await lab.store.listInboxParkedMessages({ inbox: lab.name }, 10)).toEqual([])
      expect(await lab.effects()).toEqual(table === 'pigeonhole.parked_message' ? ['a'] : [])
      await disk.free()
      await eventually(() => lab.effects()).toEqual(['a', 'b'])
      const parked = await lab.store.listInboxParkedMessages({ inbox: lab.name }, 10)
      expect(parked.map(({ messageId }) => messageId)).toEqual(['broken'])
      await run.stop()
    })
  })
}
