import { PigeonholeError } from '../errors/pigeonhole-error.js'

/**
 * What a handler throws to have its message parked at once, with those of its key behind it: `throw park('no such customer')`.
 * It waits there until an operator has it handled again, or discards it. Nothing of the handler's writes is committed. The
 * reason is stored, and shown to operators: leave out what they must not see.
 */
export function park(reason: string): PigeonholeError<'PARK_REQUESTED'> {
  return new PigeonholeError('PARK_REQUESTED', {
    message: `The handler parks its message: ${reason}`,
    details: { reason },
  })
}
