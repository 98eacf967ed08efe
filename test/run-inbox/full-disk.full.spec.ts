import { describe, expect, inject, it } from 'vitest'
import { collectEvents, eventually } from './events.js'
import { InboxLab, type LabContext, writeEffect } from './inbox-lab.js'
import { saidToBeFull, smallDisk } from './small-disk.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

/** Fails for one message by its own fault, so that it is parked. */
const handler = async (context: LabContext): Promise<void> => {
  if (context.message.value === 'broken') throw new Error('broken')
  await writeEffect(context)
}
const sent = ['a', 'broken', 'b'].map((value) => ({ value, key: value, headers: { 'message-id': value } }))

describe('a full disk', { timeout: 120_000 }, () => {
  it.each([
    ['effect', "the handler's table"],
    ['pigeonhole.inbox_message', 'the ids'],
    ['pigeonhole.parked_message', 'what is parked'],
  ])('under %s, %s, holds the partition until there is room, and is nobody’s fault', async (table) => {
    await using lab = await InboxLab.open(servers)
    const real = await smallDisk(lab.pool, table)
    // Where it is to be shown, the weaker form shows too little.
    if (!real && process.env['CI'])
      throw new Error(`No file system could be mounted for ${table}: only root may`)
    // Says in the report what was tested.
    console.log(`${table} is ${real ? 'on a file system of 1 MB' : 'said to be full by a trigger'}`)
    await using disk = real ?? (await saidToBeFull(lab.pool, table))
    const orders = await lab.createTopic()
    await disk.fill()
    const run = await lab.run({ topics: [orders], handler, options: { attempts: 2 } })
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
