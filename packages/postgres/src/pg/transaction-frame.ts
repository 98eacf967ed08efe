import type { Closing } from './closing.js'
import type { Opening } from './opening.js'

/** What a transaction begins and ends with, each by itself or in one message with a statement of ours. */
export interface TransactionFrame {
  readonly opening: Opening
  readonly closing: Closing
}
