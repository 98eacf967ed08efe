import { hostname } from 'node:os'
import { startTcpProxy } from '@pigeonhole/testing'
import type { Browser } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { RunbookLab } from '../operations/runbook-lab.js'
import { soon } from '../operations/watched-service.js'
import type { WorkerProcess } from '../operations/worker-process.js'
import { openPage, startBrowser } from './browser.js'
import {
  hostileKey,
  inBothSchemes,
  openDialog,
  pageOf,
  patienceMs,
  showsParked,
  startPagedWorker,
  textOf,
} from './page-lab.js'

describe('the page of a worker', { timeout: 240_000 }, () => {
  let browser: Browser
  let lab: RunbookLab
  let worker: WorkerProcess | undefined
  beforeAll(async () => {
    browser = await startBrowser()
  }, 120_000)
  beforeEach(async () => {
    lab = await RunbookLab.open({ topicSettings: { 'max.message.bytes': '2000' } })
  })
  afterEach(async () => {
    await worker?.kill()
    await lab[Symbol.asyncDispose]()
  })
  afterAll(() => browser?.close())

  async function start(over: Readonly<Record<string, string>> = {}): Promise<string> {
    worker = startPagedWorker(lab, over)
    await worker.line({ state: 'publishing' })
    return pageOf(worker)
  }

  it('shows what is sent and parked while it happens, and lets a hostile key do nothing', async () => {
    const url = await start()
    const { page, complaints, asked } = await openPage(browser, url)
    await soon(() => textOf(page, 'verdict'), patienceMs).toBe('All is well.')
    await soon(() => textOf(page, 'shards'), patienceMs).toContain('publishing')
    for (let lot = 0; lot < 20; lot++)
      await lab.publish(...Array.from({ length: 50 }, (_, i) => ({ key: `order-${i}`, value: 'small' })))
    await soon(() => page.$eval('#rate-axis', (axis) => axis.textContent), patienceMs).toMatch(
      /[1-9]\d* messages\/s at most/,
    )
    const large = `private ${'x'.repeat(3_000)}`
    await lab.publish(
      { key: hostileKey, value: large },
      { key: 'order-7', value: large },
      { key: 'order-7', value: 'behind it' },
    )
    await soon(() => textOf(page, 'verdict'), patienceMs).toBe('To see to: messages are parked.')
    await soon(() => textOf(page, 'parked'), patienceMs).toContain(hostileKey)
    await soon(() => textOf(page, 'parked'), patienceMs).toContain('order-7')
    expect(await textOf(page, 'parked')).toContain('RECORD_REFUSED')
    expect(await page.content()).not.toContain('private')
    expect(await page.title()).toBe('Pigeonhole')
    expect(await page.$$('img')).toEqual([])
    expect(complaints).toEqual([])
    expect([...asked]).toEqual([url])
    await inBothSchemes(page, 'page')
    await inBothSchemes(page, 'page-narrow', 360)
  })

  it('says that the database is away, shows what it last saw, and goes on by itself', async () => {
    const database = new URL(lab.database.url)
    const network = await startTcpProxy({ target: database.host })
    database.host = network.address
    const { page } = await openPage(browser, await start({ DATABASE_URL: database.href }))
    await soon(() => textOf(page, 'verdict'), patienceMs).toBe('All is well.')
    network.blackhole()
    await soon(() => textOf(page, 'verdict'), patienceMs).toContain(
      'The database does not answer (STORE_UNAVAILABLE)',
    )
    expect(await textOf(page, 'shards')).toContain('0')
    expect(await textOf(page, 'freshness')).toMatch(/From the database \d+.* ago/)
    network.heal()
    await soon(() => textOf(page, 'verdict'), 90_000).toBe('All is well.')
    await network.stop()
  })

  it('has a key sent again by its dialog and the token, and shows payloads when told', async () => {
    const token = 'the-token-of-this-worker'
    const { page, complaints } = await openPage(browser, await start({ PIGEONHOLE_PAGE_TOKEN: token }))
    const large = `private ${'x'.repeat(3_000)}`
    await lab.publish({ key: hostileKey, value: large }, { key: hostileKey, value: 'behind it' })
    await soon(() => textOf(page, 'parked'), patienceMs).toContain(hostileKey)
    await showsParked(page, 2)
    await lab.setTopic('max.message.bytes', '1000000')

    await page.focus('#parked button')
    await page.keyboard.press('Enter')
    expect(await textOf(page, 'decide-what')).toContain(hostileKey)
    await page.type('#token', `${token}-not`)
    await page.keyboard.press('Enter')
    await soon(() => textOf(page, 'decide-said'), patienceMs).toBe('The token is not that of this worker.')
    expect(complaints.filter((complaint) => !complaint.includes('401'))).toEqual([])
    expect(await lab.parked()).toBe(2)

    await page.$eval('#token', (field) => {
      ;(field as unknown as { value: string }).value = ''
    })
    await page.type('#token', token)
    await page.keyboard.press('Enter')
    await soon(() => textOf(page, 'decide-retry'), patienceMs).toBe('Retry 2 messages')
    expect(await page.content()).not.toContain('private')
    await inBothSchemes(page, 'dialog')
    expect(await page.content()).not.toContain('private')
    await page.click('#decide-messages button')
    await soon(() => textOf(page, 'decide-messages'), patienceMs).toContain('private')
    await page.click('#decide-retry')
    await soon(() => textOf(page, 'decide-said'), patienceMs).toContain('Sent again: 1 key')
    await soon(() => lab.values(), patienceMs).toEqual([large, 'behind it'])
    await page.click('#decide-close')
    await soon(() => textOf(page, 'parked'), patienceMs).toBe('Nothing is parked, and no topic is paused.')
    expect(JSON.stringify(worker?.lines)).not.toContain(token)
  })

  it('discards what its dialog has shown, and nothing that came later', async () => {
    const token = 'the-token-of-this-worker'
    const { page, complaints } = await openPage(browser, await start({ PIGEONHOLE_PAGE_TOKEN: token }))
    await lab.publish({ key: 'order-7', value: 'x'.repeat(3_000) }, { key: 'order-7', value: 'behind it' })
    await soon(() => textOf(page, 'parked'), patienceMs).toContain('order-7')
    await showsParked(page, 2)
    await openDialog(page, token)
    expect(await textOf(page, 'decide-discard')).toBe('Discard 2 messages for good')
    await lab.publish({ key: 'order-7', value: 'later' })
    await soon(() => lab.parked(), patienceMs).toBe(3)
    await page.click('#decide-discard')
    await soon(() => textOf(page, 'decide-said'), patienceMs).toBe(
      `Discarded 2 messages, unblocked 0 keys.\nBehind them, 1 message waits: pigeonhole parked retry --topic ${lab.topic} --key order-7`,
    )
    expect(await page.$('#decide-discard:disabled')).not.toBeNull()
    await page.keyboard.press('Escape')
    await soon(() => page.$('dialog[open]'), patienceMs).toBeNull()
    await showsParked(page, 1)
    await page.focus('#parked button')
    await page.keyboard.press('Enter')
    await soon(() => textOf(page, 'decide-retry'), patienceMs).toBe('Retry 1 message')
    await page.click('#decide-retry')
    await soon(() => lab.values(), patienceMs).toEqual(['later'])
    await page.keyboard.press('Escape')
    await soon(() => textOf(page, 'parked'), patienceMs).toBe('Nothing is parked, and no topic is paused.')
    expect(complaints).toEqual([])
  })

  it('shows no keys where others reach it', async () => {
    const url = new URL(await start({ PIGEONHOLE_HOST: '0.0.0.0' }))
    const { page } = await openPage(browser, `http://127.0.0.1:${url.port}`)
    await lab.publish({ key: 'customer-7', value: 'x'.repeat(3_000) })
    await soon(() => textOf(page, 'parked'), patienceMs).toContain('RECORD_REFUSED')
    expect(await textOf(page, 'parked')).toContain('hidden')
    expect(await page.content()).not.toContain('customer-7')
  })

  it('shows what other workers send, and their errors, by the database', async () => {
    await start()
    await worker?.stop()
    const astray = startPagedWorker(lab, { KAFKA_BROKERS: '127.0.0.1:1' })
    onTestFinished(() => astray.kill())
    const { page: own } = await openPage(browser, await pageOf(astray))
    await soon(() => textOf(own, 'errors'), patienceMs).toMatch(/^Shard 0, this worker, .*BROKER_UNAVAILABLE/)
    await soon(() => toldBy(), patienceMs).toBe(`${hostname()}:${astray.pid}`)
    expect(await textOf(own, 'errors')).not.toContain('Shard 0, worker ')
    await astray.kill()

    await start()
    const standby = startPagedWorker(lab)
    onTestFinished(() => standby.kill())
    const { page } = await openPage(browser, await pageOf(standby))
    await lab.publish(...Array.from({ length: 50 }, (_, i) => ({ key: `order-${i}`, value: 'small' })))
    await soon(() => textOf(page, 'total-rate-axis'), patienceMs).toMatch(/[1-9]\d* messages\/s at most/)
    expect(await textOf(page, 'rate-axis')).toContain('0 messages/s at most')
    expect(await textOf(page, 'errors')).toContain(`Shard 0, worker ${hostname()}:${astray.pid}, `)
    expect(await textOf(page, 'errors')).toMatch(/BROKER_UNAVAILABLE.*What to do: see docs/)
    await inBothSchemes(page, 'errors')
  })

  async function toldBy(): Promise<string | null> {
    const { rows } = await lab.pool.query('SELECT reported_error_worker AS who FROM pigeonhole.relay_shard')
    return rows[0]?.who
  }

  it('says that the worker is gone', async () => {
    const { page } = await openPage(browser, await start())
    await soon(() => textOf(page, 'verdict'), patienceMs).toBe('All is well.')
    await worker?.stop()
    await soon(() => textOf(page, 'verdict'), patienceMs).toBe(
      'This worker does not answer: what follows is old.',
    )
  })
})
