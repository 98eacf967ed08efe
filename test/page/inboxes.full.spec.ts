import { createInbox, park, textCodec, topic } from '@pigeonhole/core'
import { type InboxRun, on, runInbox } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import type pg from 'pg'
import type { Browser } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { RunbookLab } from '../operations/runbook-lab.js'
import { soon } from '../operations/watched-service.js'
import type { WorkerProcess } from '../operations/worker-process.js'
import { openPage, startBrowser } from './browser.js'
import {
  cellsOf,
  hostileKey,
  inBothSchemes,
  openDialog,
  pageOf,
  patienceMs,
  showsParked,
  startPagedWorker,
  textOf,
} from './page-lab.js'

const token = 'the-token-of-this-worker'
const none = 'Nothing is parked, and no topic is paused.'

describe('inboxes on the page of a worker', { timeout: 240_000 }, () => {
  let browser: Browser
  let lab: RunbookLab
  let worker: WorkerProcess
  beforeAll(async () => {
    browser = await startBrowser()
  }, 120_000)
  beforeEach(async () => {
    lab = await RunbookLab.open()
    worker = startPagedWorker(lab, { PIGEONHOLE_PAGE_TOKEN: token })
  })
  afterEach(async () => {
    await worker.kill()
    await lab[Symbol.asyncDispose]()
  })
  afterAll(() => browser?.close())

  /** Runs the inbox `billing`, whose handler parks each `bad` value while `isBroken`. */
  async function consume(isBroken: () => boolean): Promise<InboxRun> {
    const orders = topic<string>(lab.topic, { codec: textCodec })
    const inbox = createInbox({ store: postgresStore(lab.pool), name: 'billing' })
    const run = await runInbox(lab.kafka.consumer({ groupId: `${lab.name}-billing` }), inbox, {
      handlers: [
        on<pg.ClientBase, string>(orders, async ({ message: { value }, tx }) => {
          if (isBroken() && value.startsWith('bad')) throw park('no such customer')
          await tx.query('INSERT INTO effect (value) VALUES ($1)', [value])
        }),
      ],
    })
    onTestFinished(() => run.stop())
    return run
  }

  it('are as far behind as messages wait for them, whatever else is in the log', async () => {
    const { page, complaints } = await openPage(browser, await pageOf(worker))
    const run = await consume(() => false)
    await lab.publish({ key: 'order-1', value: 'one' }, { key: 'order-1', value: 'two' })
    const handled = ['billing', lab.topic, '0', '2', '3', '0']
    await soon(() => cellsOf(page, 'positions'), patienceMs).toEqual([handled])
    await run.stop()
    await lab.publish({ key: 'order-1', value: 'three' })
    const waiting = ['billing', lab.topic, '0', '2', '5', '1']
    await soon(() => cellsOf(page, 'positions'), patienceMs).toEqual([waiting])
    await lab.pool.query(
      `INSERT INTO pigeonhole.inbox_position (inbox, topic, partition, next_offset) VALUES ('far', 'elsewhere', 0, 7)`,
    )
    const elsewhere = ['far', 'elsewhere', '0', '7', 'not known', 'not known']
    await soon(() => cellsOf(page, 'positions'), patienceMs).toEqual([waiting, elsewhere])
    expect(await textOf(page, 'positions-note')).toMatch(
      /^How far they are behind is from this worker's Kafka, .* ago\.$/,
    )
    await inBothSchemes(page, 'inboxes')
    expect(complaints).toEqual([])
  })

  it('are behind for as long as nobody knows, and the page says why', async () => {
    const astray = startPagedWorker(lab, { KAFKA_BROKERS: '127.0.0.1:1' })
    onTestFinished(() => astray.kill())
    await lab.pool.query(
      `INSERT INTO pigeonhole.inbox_position (inbox, topic, partition, next_offset) VALUES ('billing', 'orders', 0, 7)`,
    )
    const { page } = await openPage(browser, await pageOf(astray))
    await soon(() => textOf(page, 'positions-note'), patienceMs).toMatch(
      /^How far they are behind is not known\. BROKER_UNAVAILABLE: .* What to do: /,
    )
    expect(await cellsOf(page, 'positions')).toEqual([
      ['billing', 'orders', '0', '7', 'not known', 'not known'],
    ])
  })

  it('have what they parked handled again, or discarded, by the dialog', async () => {
    let isBroken = true
    await consume(() => isBroken)
    const { page, complaints } = await openPage(browser, await pageOf(worker))
    await lab.publish(
      { key: hostileKey, value: 'bad, private' },
      { key: hostileKey, value: 'behind it' },
      { key: 'order-2', value: 'other' },
    )
    await soon(() => lab.parked(), patienceMs).toBe(2)
    await soon(() => textOf(page, 'parked'), patienceMs).toContain('no such customer')
    await soon(async () => (await cellsOf(page, 'parked'))[0]?.slice(0, 5), patienceMs).toEqual([
      'billing',
      'key',
      lab.topic,
      hostileKey,
      '2',
    ])

    expect(await textOf(page, 'verdict')).toBe('To see to: inbox billing has parked messages.')
    await openDialog(page, token)
    expect(await textOf(page, 'decide-what')).toBe(`Inbox billing, topic ${lab.topic}, key ${hostileKey}`)
    await inBothSchemes(page, 'inbox-dialog')
    expect(await page.content()).not.toContain('private')
    await page.click('#decide-messages button')
    await soon(() => textOf(page, 'decide-messages'), patienceMs).toContain('bad, private')
    await page.click('#decide-discard')
    await soon(() => textOf(page, 'decide-said'), patienceMs).toBe('Discarded 2 messages, unblocked 1 key.')
    await page.keyboard.press('Escape')
    await soon(() => textOf(page, 'parked'), patienceMs).toBe(none)
    expect(await lab.effects()).toEqual(['other'])

    await lab.publish({ key: hostileKey, value: 'bad again' }, { key: hostileKey, value: 'behind it' })
    await soon(() => lab.parked(), patienceMs).toBe(2)
    await showsParked(page, 2)
    isBroken = false
    await page.focus('#parked button')
    await page.keyboard.press('Enter')
    await soon(() => textOf(page, 'decide-retry'), patienceMs).toBe('Retry 2 messages')
    await page.focus('#decide-retry')
    await page.keyboard.press('Enter')
    await soon(() => textOf(page, 'decide-said'), patienceMs).toContain('Handled again: 1 key')
    await soon(() => lab.effects(), patienceMs).toEqual(['other', 'bad again', 'behind it'])
    await page.keyboard.press('Escape')
    await soon(() => textOf(page, 'parked'), patienceMs).toBe(none)
    await soon(() => textOf(page, 'verdict'), patienceMs).toBe('All is well.')
    expect(complaints).toEqual([])
    expect(await page.title()).toBe('Pigeonhole')
  })
})
