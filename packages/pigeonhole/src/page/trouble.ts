import { isPigeonholeError } from '@pigeonhole/core'
import type { ReportedError } from '@pigeonhole/postgres'
import { remedyFor, remedyOf } from '../logs/remedy.js'
import type { Trouble } from './browser/page-state.js'

/** What of errors and parked messages may be read: keys and texts, or no more than codes. */
export type Privacy = 'keys and errors' | 'codes'

const foreignCode = 'UNKNOWN'
const hidden = 'The log has its text.'

/** An error as the page shows it. What is no error of Pigeonhole's keeps its text for the log: it may tell more than a page should. */
export function troubleOf(error: unknown): Trouble {
  const remedy = remedyFor(error)
  if (isPigeonholeError(error)) return { code: error.code, message: error.message, remedy }
  return { code: foreignCode, message: hidden, remedy }
}

/** What another worker has told of an error, as the page shows it. */
export function troubleReported({ code, message }: ReportedError): Trouble {
  return { code, message, remedy: code === foreignCode ? remedyFor(undefined) : remedyOf(code) }
}

/** As much of it as may be read. */
export function withPrivacy<T extends Trouble>(trouble: T, privacy: Privacy): T {
  return privacy === 'codes' ? { ...trouble, message: hidden } : trouble
}
