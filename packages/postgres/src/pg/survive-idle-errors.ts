import type pg from 'pg'

const survive = (): void => undefined

/**
 * Keeps a connection that breaks while nobody uses it from ending the process. The pool has dropped it by then, and the
 * next call gets another one or learns that there is none.
 */
export function surviveIdleErrors(pool: pg.Pool): void {
  if (!pool.listeners('error').includes(survive)) pool.on('error', survive)
}
