import { mkdir } from 'node:fs/promises'
import { startTcpProxy } from '@pigeonhole/testing'
import type { Browser, Page } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RunbookLab } from '../operations/runbook-lab.js'
import { soon } from '../operations/watched-service.js'
import { WorkerProcess } from '../operations/worker-process.js'
import { openPage, seriousViolations, startBrowser } from './browser.js'

const patienceMs = 30_000
const hostileKey = '<img src=x onerror="document.title=\'taken\'">'

describe('the page of a worker', { timeout: 120_000 }, () => {
  let browser: Browser
  let lab: RunbookLab
  let worker: WorkerProcess | undefined
  beforeAll(async () => {
    browser = await startBrowser()
  })
  beforeEach(async () => {
    lab = await RunbookLab.open({ topicSettings: { 'max.message.bytes': '2000' } })
  })
  afterEach(async () => {
    await worker?.kill()
    await lab[Symbol.asyncDispose]()
  })
  afterAll(() => browser?.close())

  async function start(over: Readonly<Record<string, string>> = {}): Promise<string> {
    worker = new WorkerProcess({
      PIGEONHOLE_NAME: lab.name,
      DATABASE_URL: lab.database.url,
      KAFKA_BROKERS: lab.brokers.join(','),
      ...over,
    })
    await worker.line({ state: 'publishing' })
    const { health } = await worker.line({ message: 'relay starts' })
    return String(health)
  }

  const textOf = (page: Page, id: string) => page.$eval(`#${id}`, (found) => found.textContent ?? '')

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
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
      await page.setViewport({ width: 1_100, height: 900 })
      await picture(page, scheme)
      await page.setViewport({ width: 360, height: 800 })
      await picture(page, `${scheme}-narrow`)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
      await soon(() => seriousViolations(page), patienceMs).toEqual([])
    }
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
    await soon(() => seriousViolations(page), patienceMs).toEqual([])
    expect(await page.content()).not.toContain('private')
    await picture(page, 'dialog')
    await page.click('#decide-messages button')
    await soon(() => textOf(page, 'decide-messages'), patienceMs).toContain('private')
    await page.click('#decide-retry')
    await soon(() => textOf(page, 'decide-said'), patienceMs).toContain('Sent again: 1 keys')
    await soon(() => lab.values(), patienceMs).toEqual([large, 'behind it'])
    await page.click('#decide-close')
    await soon(() => textOf(page, 'parked'), patienceMs).toBe('Nothing is parked, and no topic is paused.')
    expect(JSON.stringify(worker?.lines)).not.toContain(token)
  })

  it('shows no keys where others reach it', async () => {
    const url = new URL(await start({ PIGEONHOLE_HOST: '0.0.0.0' }))
    const { page } = await openPage(browser, `http://127.0.0.1:${url.port}`)
    await lab.publish({ key: 'customer-7', value: 'x'.repeat(3_000) })
    await soon(() => textOf(page, 'parked'), patienceMs).toContain('RECORD_REFUSED')
    expect(await textOf(page, 'parked')).toContain('hidden')
    expect(await page.content()).not.toContain('customer-7')
  })

  it('says that the worker is gone', async () => {
    const { page } = await openPage(browser, await start())
    await soon(() => textOf(page, 'verdict'), patienceMs).toBe('All is well.')
    await worker?.stop()
    await soon(() => textOf(page, 'verdict'), patienceMs).toBe(
      'This worker does not answer: what follows is old.',
    )
  })
})

/** Keeps a picture where `PAGE_PICTURES` names a folder: those of the documentation are made so. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['PAGE_PICTURES']
  if (folder === undefined) return
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: `${folder}/page-${name}.png`, fullPage: true })
}
