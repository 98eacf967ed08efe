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
  /** Commands of ours that stand in the text of a numbered step instead of a block. */
  readonly inline: readonly string[]
}

/** The sections of docs/operations.md. */
export function readRunbooks(): readonly RunbookSection[] {
  const text = readFileSync(path.join(root, 'docs/operations.md'), 'utf8')
  return text.split(/^##+ /m).slice(1).map(sectionOf)
}

/** The commands of a section. @throws where the page has no such section. */
export function commandsOf(title: string): readonly RunbookCommand[] {
  const found = readRunbooks().find((section) => section.title === title)
  if (!found) throw new Error(`docs/operations.md has no section "${title}"`)
  return found.commands
}

function sectionOf(text: string): RunbookSection {
  const [title = ''] = text.split('\n')
  const blocks = [...text.matchAll(/^( *)```(\w*)\n(.*?)^ *```$/gms)]
  const commands = blocks.flatMap(([, indent = '', kind, block = '']) =>
    commandsOfBlock(kind, block.replaceAll(new RegExp(`^${indent}`, 'gm'), '').trim()),
  )
  const languages = blocks.map(([, , language = '']) => language)
  return { title, commands, languages, inline: inlineOf(text) }
}

function commandsOfBlock(kind: string | undefined, text: string): RunbookCommand[] {
  if (kind === 'sql') return [{ kind, text }]
  if (kind === 'sh') return text.split('\n').map((line) => ({ kind, text: line }))
  return []
}

// A flag makes the difference between a command that is to be run and the name of one.
function inlineOf(text: string): string[] {
  const steps = text.match(/^\d+\. .*(?:\n {3}.*)*/gm) ?? []
  const prose = steps.map((step) => step.replaceAll(/^ *```.*?^ *```$/gms, ''))
  return prose.flatMap((step) =>
    [...step.matchAll(/`(pigeonhole [^`]*)`/g)].map(([, command = '']) => command),
  )
}
