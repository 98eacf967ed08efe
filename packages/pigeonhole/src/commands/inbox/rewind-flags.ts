import { PigeonholeError } from '@pigeonhole/core'
import type { RewindInboxOptions, RewindTarget } from '@pigeonhole/kafkajs'
import type { CommandContext } from '../../command/context.js'

/** What the flags of `pigeonhole inbox rewind` say. */
export type RewindFlags = Pick<RewindInboxOptions, 'inbox' | 'groupId' | 'topic' | 'partition' | 'to' | 'ids'>

/** @throws OPTION_INVALID */
export function rewindFlags(flags: CommandContext['flags']): RewindFlags {
  const { inbox, group, topic, partition } = flags as Readonly<Record<string, string | undefined>>
  return {
    inbox: needed('inbox', inbox, 'the name of the inbox'),
    groupId: needed('group', group, 'the consumer group that feeds it, which must have no members'),
    topic: needed('topic', topic, 'the topic that is to be handled again'),
    ...(partition === undefined ? {} : { partition: Number(wholeNumber('partition', partition)) }),
    to: targetOf(flags),
    ids: idsOf(flags),
  }
}

function targetOf({ toOffset, toTime, toEarliest }: CommandContext['flags']): RewindTarget {
  const given = [toOffset, toTime, toEarliest].filter((flag) => flag !== undefined)
  if (given.length !== 1)
    throw invalid('to-offset', 'Say whereto: one of --to-offset, --to-time and --to-earliest')
  if (typeof toOffset === 'string') return { offset: wholeNumber('to-offset', toOffset) }
  if (typeof toTime !== 'string') return 'earliest'
  const time = new Date(toTime)
  if (!Number.isNaN(time.getTime())) return { time }
  throw invalid(
    'to-time',
    `--to-time is ${JSON.stringify(toTime)}: it takes a time such as 2026-03-01T12:00:00Z`,
  )
}

function idsOf({ forgetIds, keepIds }: CommandContext['flags']): 'forget' | 'keep' {
  if ((forgetIds === true) !== (keepIds === true)) return forgetIds === true ? 'forget' : 'keep'
  throw invalid(
    'forget-ids',
    'Say what becomes of messages that the inbox knows by their id: --forget-ids has them take effect again, with ' +
      '--keep-ids they do not',
  )
}

function needed(flag: string, value: string | undefined, about: string): string {
  if (value !== undefined) return value
  throw invalid(flag, `--${flag} is needed: ${about}`)
}

function wholeNumber(flag: string, value: string): bigint {
  if (/^\d{1,18}$/.test(value)) return BigInt(value)
  throw invalid(flag, `--${flag} is ${JSON.stringify(value)}: it takes a whole number`)
}

function invalid(option: string, message: string): PigeonholeError<'OPTION_INVALID'> {
  return new PigeonholeError('OPTION_INVALID', { message, details: { option } })
}
