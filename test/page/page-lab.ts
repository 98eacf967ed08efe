import { mkdir } from 'node:fs/promises'
import type { Page } from 'puppeteer-core'
import { expect } from 'vitest'
import type { RunbookLab } from '../operations/runbook-lab.js'
import { soon } from '../operations/watched-service.js'
import { WorkerProcess } from '../operations/worker-process.js'
import { seriousViolations } from './browser.js'

/** No promise: the machine may be busy. */
export const patienceMs = 45_000
export const hostileKey = '<img src=x onerror="document.title=\'taken\'">'

/** A worker of a lab, with its page. */
export function startPagedWorker(
  lab: RunbookLab,
  over: Readonly<Record<string, string>> = {},
): WorkerProcess {
  return new WorkerProcess({
    PIGEONHOLE_NAME: lab.name,
    DATABASE_URL: lab.database.url,
    KAFKA_BROKERS: lab.brokers.join(','),
    ...over,
  })
}

/** The address of a worker's page. */
export async function pageOf(worker: WorkerProcess): Promise<string> {
  return String((await worker.line({ message: 'relay starts' }))['health'])
}

/** The text of the element with this id. */
export function textOf(page: Page, id: string): Promise<string> {
  return page.$eval(`#${id}`, (found) => found.textContent ?? '')
}

/** The texts of a table's cells, by rows. */
export function cellsOf(page: Page, id: string): Promise<string[][]> {
  return page.$$eval(`#${id} tr`, (rows) =>
    rows.map((row) => [...row.children].map(({ textContent }) => textContent ?? '')),
  )
}

/** Resolves when the page shows so many messages of what is parked first. Its button is another one whenever that changes. */
export async function showsParked(page: Page, messages: number): Promise<void> {
  await soon(async () => (await cellsOf(page, 'parked'))[0]?.[4], patienceMs).toBe(String(messages))
}

/** Opens the dialog on what is parked first, by the keyboard, and has it show the messages. */
export async function openDialog(page: Page, token: string): Promise<void> {
  await page.focus('#parked button')
  await page.keyboard.press('Enter')
  await page.type('#token', token)
  await page.keyboard.press('Enter')
  await soon(() => textOf(page, 'decide-discard'), patienceMs).toMatch(/^Discard \d+ messages? for good$/)
}

/** Has the page be as it is on a light, and then on a dark screen, so wide, and holds each to what axe finds. */
export async function inBothSchemes(page: Page, name: string, width = 1_100): Promise<void> {
  await page.setViewport({ width, height: 900 })
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
    await picture(page, `${name}-${scheme}`)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    await soon(() => seriousViolations(page), patienceMs).toEqual([])
  }
}

// Those of the documentation are made so: `PAGE_PICTURES` names a folder.
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['PAGE_PICTURES']
  if (folder === undefined) return
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
}
