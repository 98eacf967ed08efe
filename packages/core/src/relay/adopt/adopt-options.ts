import { PigeonholeError } from '../../errors/pigeonhole-error.js'
import { assertKnownOptions, assertName } from '../../options/known-options.js'
import { type Clock, systemClock } from '../../ports/clock.js'
import type { RelayPublisher } from '../../ports/relay-publisher.js'
import type { RelayStore } from '../../ports/relay-store.js'
import type { AdoptionReport } from './adoption-report.js'

/** What {@link adopt} takes. */
export interface AdoptOptions {
  /** The relay's name from now on. */
  readonly name: string
  /** Its role also needs UPDATE on `outbox_message`: docs/privileges.md. Give it more time than a relay's. */
  readonly store: RelayStore
  readonly publisher: RelayPublisher
  /** Decides, with both sides before it, whether they are to be changed. */
  readonly confirm: (report: AdoptionReport) => boolean | Promise<boolean>
  /**
   * Nothing but the identity has changed: the server was moved with its transaction ids, as `pg_upgrade` does, or the
   * relay was renamed. The relay goes on exactly where it was. @default false
   */
  readonly keepCursor?: boolean
  /**
   * What becomes of messages of compacted topics of which neither log nor cursor can tell whether they were sent, because a
   * record of their key may have taken their place. `send`: each goes behind that record. `drop`: they go from the outbox.
   * Where there are any and this is not given, nothing is changed. @default none
   */
  readonly undecided?: 'send' | 'drop' | undefined
  /** @default the process's monotonic clock */
  readonly clock?: Clock
}

/** {@link AdoptOptions} with every default in place. */
export type ResolvedAdoptOptions = Required<AdoptOptions>

const defaults = {
  keepCursor: false,
  undecided: undefined,
  clock: systemClock,
} satisfies Partial<AdoptOptions>

/** @throws OPTION_INVALID */
export function resolveAdoptOptions(options: AdoptOptions): ResolvedAdoptOptions {
  assertKnownOptions('adopt', options, ['name', 'store', 'publisher', 'confirm', ...Object.keys(defaults)])
  assertName('name', options.name)
  if (typeof options.confirm !== 'function')
    throw new PigeonholeError('OPTION_INVALID', {
      message: 'Option confirm is missing: it takes a function that is shown both sides and decides',
      details: { option: 'confirm' },
    })
  if (!['send', 'drop', undefined].includes(options.undecided))
    throw new PigeonholeError('OPTION_INVALID', {
      message: `Option undecided is ${String(options.undecided)}: it takes 'send' or 'drop'`,
      details: { option: 'undecided' },
    })
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...defaults, ...(Object.fromEntries(given) as unknown as AdoptOptions) }
}
