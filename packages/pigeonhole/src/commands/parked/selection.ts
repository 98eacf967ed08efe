import { type ParkedSelection, PigeonholeError } from '@pigeonhole/core'
import type { CommandContext } from '../../command/context.js'

/**
 * Which parked messages the flags mean: `--id`, `--topic`, and `--key` or `--key-hex`.
 * @throws OPTION_INVALID
 */
export function selectionOf(flags: CommandContext['flags']): ParkedSelection {
  const { id, topic, key, keyHex } = flags as Readonly<Record<string, string | undefined>>
  if (id !== undefined && !/^[1-9]\d{0,18}$/.test(id))
    throw invalid(
      'id',
      `--id is ${JSON.stringify(id)}: it takes a number of pigeonhole parked list --messages`,
    )
  if (key !== undefined && keyHex !== undefined)
    throw invalid('key-hex', '--key and --key-hex are both given: it takes one of them')
  // A variable of a shell that is not set must not widen what is discarded to all of a topic.
  if (key === '')
    throw invalid('key', '--key is empty: it takes a key. The key without a byte is --key-hex ""')
  if (keyHex !== undefined && !/^([0-9a-f]{2})*$/i.test(keyHex))
    throw invalid(
      'key-hex',
      `--key-hex is ${JSON.stringify(keyHex)}: it takes bytes as pairs of hexadecimal digits`,
    )
  const bytes = keyHex === undefined ? key && Buffer.from(key, 'utf8') : Buffer.from(keyHex, 'hex')
  return {
    ...(id === undefined ? {} : { ids: [id] }),
    ...(topic === undefined ? {} : { topic }),
    ...(bytes ? { key: bytes } : {}),
  }
}

/**
 * As {@link selectionOf}, where nothing given would mean everything: `--all` says that it does.
 * @throws OPTION_INVALID
 */
export function meantSelectionOf(flags: CommandContext['flags']): ParkedSelection {
  const selection = selectionOf(flags)
  const all = flags['all'] === true
  const some = Object.keys(selection).length > 0
  if (all !== some) return selection
  throw invalid(
    'all',
    all ? '--all is given beside others: it takes no other' : 'Say which: --id, --topic, --key, or --all',
  )
}

function invalid(option: string, message: string): PigeonholeError<'OPTION_INVALID'> {
  return new PigeonholeError('OPTION_INVALID', { message, details: { option } })
}
