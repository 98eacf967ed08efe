import type { HttpAnswer } from './http-answer.js'

type HeaderValues = Readonly<Record<string, number | string | readonly string[] | undefined>>

/** The headers of a response that were set since `before`, or have another value. */
export function headersSince(before: HeaderValues, now: HeaderValues): HttpAnswer['headers'] {
  return Object.entries(now).flatMap(([name, value]) =>
    String(before[name]) === String(value)
      ? []
      : [value ?? []].flat().map((one) => [name, String(one)] as const),
  )
}

/** Headers by their names, for servers that take all values of a name at once. */
export function grouped(headers: HttpAnswer['headers']): ReadonlyMap<string, string | string[]> {
  const values = new Map<string, string | string[]>()
  for (const [name, value] of headers) {
    const earlier = values.get(name)
    values.set(name, earlier === undefined ? value : [earlier, value].flat())
  }
  return values
}
