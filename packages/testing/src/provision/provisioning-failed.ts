import { PigeonholeError } from '@pigeonhole/core'

/** The error of a server for tests that cannot be provided; `message` names the command that mends it. */
export function provisioningFailed(
  server: string,
  message: string,
  cause?: unknown,
): PigeonholeError<'PROVISIONING_FAILED'> {
  return new PigeonholeError('PROVISIONING_FAILED', { message, details: { server }, cause })
}
