import { PigeonholeError } from '../errors/pigeonhole-error.js'

/** Makes the error of a handler of `topic` that has used up the inbox's `timeoutMs`. */
export function handlerTimedOut(
  topic: string,
  timeoutMs: number,
): (cause: unknown) => PigeonholeError<'HANDLER_TIMED_OUT'> {
  return (cause) =>
    new PigeonholeError('HANDLER_TIMED_OUT', {
      message:
        `The handler of topic ${topic} was not done within timeoutMs, ${timeoutMs} ms, and its transaction is rolled back: ` +
        'hand its signal to what it awaits, do less in one message, or raise timeoutMs of the inbox',
      details: { topic, timeoutMs },
      cause,
      retryable: true,
    })
}
