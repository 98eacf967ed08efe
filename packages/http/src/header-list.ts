import type { HttpAnswer } from './http-answer.js'

type HeaderValues = Readonly<Record<string, number | string | readonly string[] | undefined>>

/** What a handler has done to the headers of a response that others had set to `before`. */
export function headersBetween(
  before: HeaderValues,
  now: HeaderValues,
): Pick<HttpAnswer, 'headers' | 'removed'> {
  return { headers: setSince(before, now), removed: removedSince(before, now) }
}

// Or have another value.
function setSince(before: HeaderValues, now: HeaderValues): HttpAnswer['headers'] {
  return Object.entries(now).flatMap(([name, value]) =>
    String(before[name]) === String(value)
      ? []
      : [value ?? []].flat().map((one) => [name, String(one)] as const),
  )
}

function removedSince(before: HeaderValues, now: HeaderValues): readonly string[] {
  return Object.keys(before).filter((name) => before[name] !== undefined && now[name] === undefined)
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
