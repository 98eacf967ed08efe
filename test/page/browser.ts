import axe from 'axe-core'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'

/** A Chromium of a test's own; its path is `CHROMIUM`, else where Debian installs it. */
export async function startBrowser(): Promise<Browser> {
  return puppeteer.launch({
    timeout: 90_000,
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-prefers-reduced-motion'],
  })
}

/** A page, and what its browser had to say against it. */
export interface WatchedPage {
  readonly page: Page
  /** Errors of scripts, the console's warnings and errors, violations of the policy among them. */
  readonly complaints: readonly string[]
  /** The origins that were asked for anything. */
  readonly asked: ReadonlySet<string>
}

/** Opens an address, without waiting for what it loads later. */
export async function openPage(browser: Browser, url: string): Promise<WatchedPage> {
  const page = await browser.newPage()
  const complaints: string[] = []
  const asked = new Set<string>()
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) complaints.push(message.text())
  })
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (protocol !== 'data:') asked.add(origin)
  })
  await page.goto(url)
  return { page, complaints, asked }
}

/** What axe finds serious, each with the elements that it found it at. */
export async function seriousViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const violations = await page.evaluate(async () => {
    const { axe: loaded } = globalThis as unknown as { readonly axe: typeof axe }
    return (await loaded.run()).violations
  })
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(', ')}`)
}
