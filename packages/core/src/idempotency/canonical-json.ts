import { PigeonholeError } from '../errors/pigeonhole-error.js'

/**
 * A JSON text in its canonical form (RFC 8785): the same however its writer has ordered properties, set spaces and written
 * numbers and escapes. For the `input` of an operation whose callers write their JSON anew for each repeat; of an object,
 * `canonicalJson(JSON.stringify(object))`.
 *
 * It is the form of what `JSON.parse` makes of the text: of a number beyond the precision of a double, and of a property that is
 * there twice, no more is told apart than a handler that reads with `JSON.parse` can tell.
 * @throws OPTION_INVALID for what is no JSON, or nested too deeply to be written
 */
export function canonicalJson(text: string): string {
  try {
    return write(JSON.parse(text))
  } catch (cause) {
    throw new PigeonholeError('OPTION_INVALID', {
      message: 'Option text is no JSON, or is nested too deeply: a canonical form is made of JSON alone',
      details: { option: 'text' },
      cause,
    })
  }
}

// Numbers and strings are written as ECMAScript does, which is what the RFC asks for. A copy of the object with its properties sorted
// would not do: those that look like indexes come first in it, by their value.
function write(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  const properties = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${properties.map(([name, part]) => `${JSON.stringify(name)}:${write(part)}`).join(',')}}`
}
