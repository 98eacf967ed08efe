import type { CapturedRow } from '@pigeonhole/core'

/** What a row counts for in the bounds of a page, in bytes. */
export function sizeOf({ key, payload, headers }: CapturedRow): number {
  return (key?.length ?? 0) + (payload?.length ?? 0) + Buffer.byteLength(JSON.stringify(headers))
}
