import { type InboxFailure, mostStarts } from '@pigeonhole/core'

/** How many starts without an end a failure leaves. A killer that an operator has handled again has one start more, alone. */
export function startsOf({ code }: InboxFailure): number {
  return code === 'MESSAGE_KILLS_PROCESS' ? mostStarts : 0
}
