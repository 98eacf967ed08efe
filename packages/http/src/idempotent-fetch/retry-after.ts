/**
 * The header `Retry-After` of an answer in milliseconds: seconds, or a date (RFC 9110, 10.2.3). A date is one of the server's clock, so
 * it is counted from the answer's own `Date`, or from `now` where there is none. Undefined where there is no `Retry-After`, or none that
 * can be read.
 */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim()
  if (!value) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000
  const until = readDate(value)
  if (until === undefined) return undefined
  return Math.max(0, until - (readDate(headers.get('date') ?? '') ?? now))
}

// `Sun, 06 Nov 1994 08:49:37 GMT`, and the two older forms; the last of them names no zone, and is in GMT, too.
function readDate(text: string): number | undefined {
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(text)) return undefined
  const date = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  return Number.isNaN(date) ? undefined : date
}
