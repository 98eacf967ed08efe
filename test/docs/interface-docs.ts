import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** The root of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** A property of an interface as its source documents it. */
export interface DocumentedProperty {
  readonly name: string
  /** Its type in one line, without comments and `readonly`. */
  readonly type: string
  /** Its JSDoc in one line. */
  readonly text: string
  /** Its `@default` tag, if it has one. */
  readonly fallback: string | undefined
  /** Its `@commit` tag, if it has one. */
  readonly commit: string | undefined
}

/** An interface as its source documents it. */
export interface DocumentedInterface {
  readonly text: string
  readonly properties: readonly DocumentedProperty[]
}

/** Reads the interface `name` of a source file, whose path is relative to the root. */
export function readInterface(file: string, name: string): DocumentedInterface {
  const text = readFileSync(path.join(root, file), 'utf8')
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found = source.statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  )
  if (!found) throw new Error(`${file} has no interface ${name}`)
  const properties = found.members.filter(ts.isPropertySignature)
  return { text: textOf(found), properties: properties.map((property) => readProperty(property, source)) }
}

function readProperty(property: ts.PropertySignature, source: ts.SourceFile): DocumentedProperty {
  const { name, type } = property
  return {
    name: ts.isStringLiteral(name) ? name.text : name.getText(source),
    type: type ? printType(type, source) : '',
    text: textOf(property),
    fallback: tagOf(property, 'default'),
    commit: tagOf(property, 'commit'),
  }
}

function tagOf(property: ts.PropertySignature, name: string): string | undefined {
  const tag = ts.getJSDocTags(property).find(({ tagName }) => tagName.text === name)
  const text = tag && ts.getTextOfJSDocComment(tag.comment)
  return text === undefined ? undefined : oneLine(text)
}

function printType(type: ts.TypeNode, source: ts.SourceFile): string {
  const printer = ts.createPrinter({ removeComments: true })
  return oneLine(printer.printNode(ts.EmitHint.Unspecified, type, source))
    .replaceAll('readonly ', '')
    .replaceAll('; }', ' }')
}

function textOf(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node)
  if (!comment || !ts.isJSDoc(comment)) return ''
  return oneLine(ts.getTextOfJSDocComment(comment.comment) ?? '')
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
