import {
  assertKnownOptions,
  assertName,
  conventionalMessageId,
  type InboxPositionsStore,
  type MessageIdResolver,
  PigeonholeError,
} from '@pigeonhole/core'

/** Where a partition is to go on: at an offset, at the first message that is not older than a time, or at the log's first. */
export type RewindTarget = { readonly offset: bigint } | { readonly time: Date } | 'earliest'

/** A partition that goes back. */
export interface PartitionRewind {
  readonly partition: number
  /** Where the inbox goes on today. */
  readonly from: bigint
  /** Where it goes on then. */
  readonly to: bigint
}

/** What {@link rewindInbox} takes. */
export interface RewindInboxOptions {
  /** `postgresStore(pool)`. */
  readonly store: InboxPositionsStore
  /** The inbox's name. */
  readonly inbox: string
  /** The consumer group that feeds the inbox. It must have no members. */
  readonly groupId: string
  readonly topic: string
  /** @default every partition in which the inbox has a position */
  readonly partition?: number
  readonly to: RewindTarget
  /**
   * `forget`: the messages take effect again. `keep`: those that the inbox knows by their id do not; those without an id, and
   * those that it has never handled, do.
   */
  readonly ids: 'forget' | 'keep'
  /** The inbox's own, if it has one. @default CloudEvents, then the headers `message-id`, `id`, `MessageId` */
  readonly messageId?: MessageIdResolver
  /** Is shown what is about to be done, and says whether it is. @default it is */
  readonly confirm?: (partitions: readonly PartitionRewind[]) => boolean | Promise<boolean>
}

/** {@link RewindInboxOptions} with every default in place. */
export type ResolvedRewindOptions = Omit<Required<RewindInboxOptions>, 'partition'> &
  Pick<RewindInboxOptions, 'partition'>

const known = ['store', 'inbox', 'groupId', 'topic', 'partition', 'to', 'ids', 'messageId', 'confirm']

/** @throws OPTION_INVALID */
export function resolveRewindOptions(options: RewindInboxOptions): ResolvedRewindOptions {
  assertKnownOptions('rewindInbox', options, known)
  const { messageId = conventionalMessageId, confirm = () => true } = options
  assertName('inbox', options.inbox)
  assertOneOf('ids', options.ids, ['forget', 'keep'])
  return { ...options, messageId, confirm }
}

function assertOneOf(option: string, value: unknown, values: readonly string[]): void {
  if (values.some((one) => one === value)) return
  throw new PigeonholeError('OPTION_INVALID', {
    message: `Option ${option} is ${JSON.stringify(value)}: it is one of ${values.join(', ')}`,
    details: { option },
  })
}
