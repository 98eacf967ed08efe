import { isPrintable } from './table.js'

const plain = /^[\w@%+=:,./-]+$/

/** `text` as one word of a command, for a shell that it is pasted into. What a terminal would obey is an escape of bash and zsh. */
export function shellWord(text: string): string {
  if (plain.test(text)) return text
  if (isPrintable(text)) return `'${text.replaceAll("'", "'\\''")}'`
  const escapes = text.replace(
    /[^\w ,./-]/gu,
    (one) => `\\U${one.codePointAt(0)?.toString(16).padStart(8, '0')}`,
  )
  return `$'${escapes}'`
}
