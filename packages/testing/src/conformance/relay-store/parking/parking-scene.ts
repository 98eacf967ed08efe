import { originCursor, type PageBounds } from '@pigeonhole/core'
import { expect } from 'vitest'
import { bytes, row } from '../../store-scene.js'
import type { RelayScene } from '../relay-scene.js'

/** Why a record is parked. */
export const reason = { code: 'RECORD_REFUSED', error: 'too large' }

/** Why a topic is paused. */
export const missing = { code: 'TOPIC_MISSING', error: 'not known' }

/** A pause that outlasts its test. */
export const later = { initialMs: 60_000, maxMs: 60_000 }

/** One that is over at once. */
export const atOnce = { initialMs: 0, maxMs: 0 }

/** Room for everything. */
export const wide = { maxRows: 1_000, maxBytes: 1_000_000 }

/** A message of a key. */
export const key = (name: string): ReturnType<typeof row> => row({ key: bytes(name) })

/** Parks the first message of a page and moves what it blocks of the rest. Returns the ids that are left to send. */
export async function parkFirst<Tx>({ guarded }: RelayScene<Tx>): Promise<string[]> {
  return guarded(async (tx) => {
    const [first, ...rest] = (await tx.readPage(originCursor, wide)).rows
    expect(first && (await tx.parkMessage(first, reason))).toBe(true)
    const moved = await tx.parkBlocked(rest)
    return rest.filter(({ seq }) => !moved.has(seq)).map(({ id }) => id)
  })
}

/** The ids of the messages that are to be sent again. */
export async function releases<Tx>(
  { guarded }: RelayScene<Tx>,
  bounds: PageBounds = wide,
): Promise<string[]> {
  const rows = await guarded((tx) => tx.readReleases(bounds))
  return rows.map(({ id }) => id)
}
