import { PigeonholeError } from '@pigeonhole/core'
import type { Admin } from 'kafkajs'

/**
 * A consumer that runs would move its position on from where it is, past everything that is to be replayed.
 * @throws INBOX_RUNNING
 */
export async function assertNoMembers(admin: Admin, groupId: string): Promise<void> {
  const { groups } = await admin.describeGroups([groupId])
  const members = groups[0]?.members.length ?? 0
  if (members > 0) throw inboxRunning(groupId, `it has ${members} ${members === 1 ? 'member' : 'members'}`)
}

/** The error for an inbox that may not be rewound now. */
export function inboxRunning(groupId: string, why: string): PigeonholeError<'INBOX_RUNNING'> {
  return new PigeonholeError('INBOX_RUNNING', {
    message:
      `The consumers of group ${groupId} run, ${why}: they would move on past what is to be replayed. Stop them, wait ` +
      'until the group has no members, and rewind again',
    details: { groupId },
    retryable: true,
  })
}
