import { readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from '../docs/interface-docs.js'

/** A command of a runbook, as the page has it. */
export interface RunbookCommand {
  readonly kind: 'sh' | 'sql'
  readonly text: string
}

/** A section of a page. */
export interface RunbookSection {
  readonly title: string
  /** In the order of the page: each line of a block `sh`, each block `sql` whole. */
  readonly commands: readonly RunbookCommand[]
  /** Languages of its blocks. */
  readonly languages: readonly string[]
}

/** The sections of docs/operations.md. */
export function readRunbooks(): readonly RunbookSection[] {
  return readPage().split(/^##+ /m).slice(1).map(sectionOf)
}

/** What docs/operations.md has outside of blocks that are run and could be typed, but for links to where a command is described. */
export function commandsInText(): readonly string[] {
  const text = readPage()
    .replaceAll(anyBlock, (block, _, language: string) => (isRun(language) ? '' : block))
    .replaceAll(/\[[^\]]*\]\([^)]*\)/g, '')
  const shown = [...text.matchAll(anyBlock)].flatMap(([block]) => block.split('\n'))
  const inline = [...text.replaceAll(anyBlock, '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
  return [...shown, ...inline].map((code) => code.replaceAll(/\s+/g, ' ').trim()).filter(isTyped)
}

/** The commands of a section. @throws where the page has no such section. */
export function commandsOf(title: string): readonly RunbookCommand[] {
  const found = readRunbooks().find((section) => section.title === title)
  if (!found) throw new Error(`docs/operations.md has no section "${title}"`)
  return found.commands
}

const anyBlock = /^( *)```(\w*)\n(.*?)^ *```$/gms

// A program with an argument, a script, or a verb of SQL with an object: without, it is the name of one.
const typed = [
  /^(pigeonhole|prisma|np[mx]|node|psql|pg_\w+|vacuumdb|docker|kubectl|curl|java|sh) \S/,
  /^kafka-[\w-]+/,
  /^(CREATE|ALTER|DROP|SELECT|INSERT|UPDATE|DELETE|TRUNCATE|VACUUM|ANALYZE|REINDEX|GRANT|REVOKE|SET) \S/,
]

function isRun(language: string): boolean {
  return language === 'sh' || language === 'sql'
}

function isTyped(code: string): boolean {
  return typed.some((pattern) => pattern.test(code))
}

function readPage(): string {
  return readFileSync(path.join(root, 'docs/operations.md'), 'utf8')
}

function sectionOf(text: string): RunbookSection {
  const [title = ''] = text.split('\n')
  const blocks = [...text.matchAll(anyBlock)]
  const commands = blocks.flatMap(([, indent = '', kind, block = '']) =>
    commandsOfBlock(kind, block.replaceAll(new RegExp(`^${indent}`, 'gm'), '').trim()),
  )
  return { title, commands, languages: blocks.map(([, , language = '']) => language) }
}

function commandsOfBlock(kind: string | undefined, text: string): RunbookCommand[] {
  if (kind === 'sql') return [{ kind, text }]
  if (kind === 'sh') return text.split('\n').map((line) => ({ kind, text: line }))
  return []
}
