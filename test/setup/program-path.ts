import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Programs that specs start, in processes of their own, to be killed and paused. Each is the path of a module in this project. */
export const programs = [
  'idempotency/caller-process',
  'idempotency/operation-process',
  'idempotency/order-process',
  'relay/adopt-process',
  'relay/inbox-process',
  'relay/operator-process',
  'relay/relay-process',
  'relay/reshard-process',
  'run-inbox/consumer-process',
] as const

/** A program that specs start. */
export type Program = (typeof programs)[number]

/** Names the folder with the bundled programs of a run. */
export const bundledVariable = 'PIGEONHOLE_TEST_PROGRAMS'

const built = fileURLToPath(new URL('..', import.meta.url))

/** Where a program is: bundled, in a run of specs, and otherwise as the build made it, which this module is of as well. */
export function programPath(program: Program): string {
  return path.join(process.env[bundledVariable] ?? built, `${program}.js`)
}
