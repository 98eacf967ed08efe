import { isPigeonholeError } from '@pigeonhole/core'
import { remedyFor } from '../logs/remedy.js'
import type { Trouble } from './browser/page-state.js'

/** An error as the page shows it. What is no error of Pigeonhole's keeps its text for the log: it may tell more than a page should. */
export function troubleOf(error: unknown): Trouble {
  const remedy = remedyFor(error)
  if (isPigeonholeError(error)) return { code: error.code, message: error.message, remedy }
  return { code: 'UNKNOWN', message: 'The log has its text.', remedy }
}
