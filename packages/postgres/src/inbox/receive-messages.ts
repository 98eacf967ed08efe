import type { ReceivedMessage, ReceivedMessages, Verdict } from '@pigeonhole/core'
import { receiveInboxMessages } from '../sql/inbox-message/receive.js'
import { receiveInboxMessage } from '../sql/inbox-message/receive-one.js'
import { selectKnownIds } from '../sql/inbox-message/select-known.js'
import { countParked } from '../sql/parked-inbox/count.js'
import { run, runForOne, type SqlSession } from '../sql/statement.js'
import { type Told, verdictsOf } from './verdicts.js'

/** Takes down messages that an inbox is about to handle. Undefined where its position has passed the first. */
export function receiveMessages(
  session: SqlSession,
  inbox: string,
  received: ReceivedMessages,
): Promise<Verdict[] | undefined> {
  const [first, second] = received.messages
  return first && !second
    ? receiveOne(session, { inbox, ...received, message: first })
    : receiveSeveral(session, { inbox, ...received })
}

type Received = Omit<ReceivedMessages, 'messages'> & { readonly inbox: string }

async function receiveOne(
  session: SqlSession,
  received: Received & { readonly message: ReceivedMessage },
): Promise<Verdict[] | undefined> {
  const { range, message } = received
  const { moved, blocked, remembered } = await runForOne(session, receiveInboxMessage, received)
  if (range && !moved) return undefined
  if (blocked && message.key !== null)
    return verdictsOf([message], {
      ids: [],
      ...(await lookAtBlocked(session, { ...received, messages: [message] }, [message.key])),
    })
  return [message.id === null || remembered ? 'new' : 'known']
}

async function receiveSeveral(
  session: SqlSession,
  received: Received & Pick<ReceivedMessages, 'messages'>,
): Promise<Verdict[] | undefined> {
  const rows = await run(session, receiveInboxMessages, received)
  if (received.range && !rows.some(({ found }) => found === 'moved')) return undefined
  const ids = rows.flatMap((row) => (row.found === 'id' ? [row] : []))
  const keys = rows.flatMap((row) => (row.found === 'key' ? [row.key] : []))
  return verdictsOf(received.messages, { ids, ...(await lookAtBlocked(session, received, keys)) })
}

// Most often nothing is blocked. What is, the transaction holds: it is not unblocked meanwhile. A repeat of what was handled before
// its key was blocked is one now: its id may be forgotten by the time that it would have its turn.
async function lookAtBlocked(
  session: SqlSession,
  { inbox, topic, messages }: Received & Pick<ReceivedMessages, 'messages'>,
  keys: readonly Uint8Array[],
): Promise<Pick<Told, 'parked' | 'known'>> {
  if (keys.length === 0) return { parked: [], known: [] }
  const ids = messages.flatMap(({ id }) => id ?? [])
  return {
    parked: await run(session, countParked, { inbox, topic, keys }),
    known: ids.length === 0 ? [] : await run(session, selectKnownIds, { inbox, ids }),
  }
}
