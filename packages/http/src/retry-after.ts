/**
 * The header `Retry-After` in milliseconds from `now`: seconds, or a date (RFC 9110, 10.2.3). Undefined where there is none, or
 * none that can be read.
 */
export function retryAfterMs(value: string | null, now: number): number | undefined {
  if (value === null) return undefined
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1_000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
