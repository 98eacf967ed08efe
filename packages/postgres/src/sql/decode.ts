import type { SqlRow } from './statement.js'

/** A column that is text. */
export function text(row: SqlRow, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw mismatch(column, 'text', value)
}

/** A column that is text or null. */
export function textOrNull(row: SqlRow, column: string): string | null {
  return row[column] === null ? null : text(row, column)
}

/** A column that is int4 or float8. */
export function number(row: SqlRow, column: string): number {
  const value = row[column]
  if (typeof value === 'number') return value
  throw mismatch(column, 'number', value)
}

/** A column that is int4, float8 or null. */
export function numberOrNull(row: SqlRow, column: string): number | null {
  return row[column] === null ? null : number(row, column)
}

/** A column that is an int8 cast to text, and known to be a safe integer: a counter of ours. */
export function counter(row: SqlRow, column: string): number {
  return Number(text(row, column))
}

/** A column that is bool. */
export function bool(row: SqlRow, column: string): boolean {
  const value = row[column]
  if (typeof value === 'boolean') return value
  throw mismatch(column, 'boolean', value)
}

/** A column that is bool or null. */
export function boolOrNull(row: SqlRow, column: string): boolean | null {
  return row[column] === null ? null : bool(row, column)
}

/** A column that is bytea or null. */
export function bytesOrNull(row: SqlRow, column: string): Uint8Array | null {
  const value = row[column]
  if (value === null || value instanceof Uint8Array) return value
  throw mismatch(column, 'bytes', value)
}

// The value itself stays out of the message: it may be a payload.
function mismatch(column: string, expected: string, value: unknown): TypeError {
  return new TypeError(
    `Column ${column} was expected to be ${expected} and is ${value === null ? 'null' : typeof value}`,
  )
}
