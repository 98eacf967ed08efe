/** A result whose operation is to have no effect; see {@link refuse}. */
export class Refusal<R> {
  readonly result: R

  constructor(result: R) {
    this.result = result
  }
}

/**
 * What a handler returns when it refuses an operation (not enough stock, a name that is taken): what it has written and
 * published is rolled back, and `result` is stored, so that each repeat is refused alike. It may have caught an error of a
 * statement before.
 *
 * What may go well the next time is thrown instead: that leaves no trace.
 */
export function refuse<R>(result: R): Refusal<R> {
  return new Refusal(result)
}
