import type { BucketRange, Cursor, Page, PageBounds } from '@pigeonhole/core'
import type { PageRow } from '../sql/outbox-message/page.js'
import { selectFirstPage } from '../sql/outbox-message/select-first-page.js'
import { selectNextPage } from '../sql/outbox-message/select-next-page.js'
import { run, type SqlSession } from '../sql/statement.js'

/** What a page keeps to. */
export interface PageLimits {
  readonly bounds: PageBounds
  /** What the shard owns; null: nothing. */
  readonly buckets: BucketRange | null
}

/**
 * Reads the next page behind a cursor. A capture under way that has no rows left is followed by the first page of the next
 * one, so that a page without rows always means that there is nothing to do.
 */
export async function readPage(session: SqlSession, cursor: Cursor, limits: PageLimits): Promise<Page> {
  const { from, until, lastSeq } = cursor
  if (until === null) return readFirstPage(session, { cursor, from, ...limits })
  const rows = await run(session, selectNextPage, { from, until, lastSeq, ...limits })
  if (rows.length === 0) return readFirstPage(session, { cursor, from: until, ...limits })
  return pageOf(rows, { from, until, bounds: limits.bounds })
}

/** How far a shard has read, and how far it is to read. */
export interface ReadUntil {
  readonly cursor: Cursor
  readonly until: string
}

/** Reads the next page behind a cursor, of what is visible in a snapshot that was taken after the cursor's. */
export async function readPageUntil(
  session: SqlSession,
  { cursor, until }: ReadUntil,
  limits: PageLimits,
): Promise<Page> {
  const { from, until: end, lastSeq } = cursor
  if (end === null) {
    const rows = await run(session, selectNextPage, { from, until, lastSeq: '0', ...limits })
    return pageOf(rows, { from, until, bounds: limits.bounds })
  }
  const rows = await run(session, selectNextPage, { from, until: end, lastSeq, ...limits })
  if (rows.length > 0) return pageOf(rows, { from, until: end, bounds: limits.bounds })
  return readPageUntil(session, { cursor: { from: end, until: null, lastSeq: '0' }, until }, limits)
}

interface FirstPage extends PageLimits {
  /** The cursor that stays where there is nothing. */
  readonly cursor: Cursor
  readonly from: string
}

async function readFirstPage(
  session: SqlSession,
  { cursor, from, bounds, buckets }: FirstPage,
): Promise<Page> {
  const rows = await run(session, selectFirstPage, { from, bounds, buckets })
  const until = rows[0]?.until
  return until === undefined ? { rows: [], cursor } : pageOf(rows, { from, until, bounds })
}

interface Capture {
  readonly from: string
  readonly until: string
  readonly bounds: PageBounds
}

// Fewer rows than both bounds allow: the capture is complete, and the next one begins where it ends.
function pageOf(found: readonly PageRow[], { from, until, bounds }: Capture): Page {
  const last = found.at(-1)
  const complete = found.length < bounds.maxRows && last?.more === false
  const cursor: Cursor =
    complete || !last ? { from: until, until: null, lastSeq: '0' } : { from, until, lastSeq: last.seq }
  return { rows: found.map(capturedRow), cursor }
}

function capturedRow({
  seq,
  id,
  topic,
  key,
  partition,
  bucket,
  headers,
  payload,
}: PageRow): Page['rows'][number] {
  return { seq, id, topic, key, partition, bucket, headers, payload }
}
