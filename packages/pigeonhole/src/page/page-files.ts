import { readdirSync, readFileSync } from 'node:fs'

/** A file of the page. */
export interface PageFile {
  readonly type: string
  readonly text: string
}

// From the source as from the build, the package is two folders up.
const root = new URL('../../', import.meta.url)
const scripts = new URL('dist/page/browser/', root)

/** The files of the page by their paths, read once: nothing else of the disk can be asked for. */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const names = readdirSync(scripts).filter((name) => name.endsWith('.js'))
  return new Map([
    ['/', { type: 'text/html; charset=utf-8', text: textOf(new URL('page/index.html', root)) }],
    ['/page/page.css', { type: 'text/css; charset=utf-8', text: textOf(new URL('page/page.css', root)) }],
    ...names.map((name) => [`/page/${name}`, scriptOf(name)] as const),
  ])
}

function scriptOf(name: string): PageFile {
  return { type: 'text/javascript; charset=utf-8', text: textOf(new URL(name, scripts)) }
}

function textOf(file: URL): string {
  return readFileSync(file, 'utf8')
}
