import type { LogVerdict, ParkedOutMessage, UnsettledMessage } from '../../ports/adoption.js'
import type { RelayPublisher } from '../../ports/relay-publisher.js'
import type { Cursor, GuardedTransaction } from '../../ports/relay-store.js'
import type { OutboxFate } from './adoption-report.js'

/** What becomes of each message of an outbox. */
export interface SettledOutbox {
  readonly fate: OutboxFate
  /** `seq` of the messages that count as sent. */
  readonly sent: readonly string[]
  /** Parked ids of the messages that are in the log. */
  readonly parkedSent: readonly string[]
}

/** What {@link settleOutbox} works with. */
export interface SettleRequest {
  readonly publisher: RelayPublisher
  /** Runs `work` in a guarded transaction of the shard. */
  guarded<R>(work: (tx: GuardedTransaction) => Promise<R>): Promise<R>
  readonly cursor: Cursor
  /** Whether the cursor may carry another server's transaction ids. */
  readonly copied: boolean
  /** Whether the log is the one that the outbox was sent to: only then does an absence from it mean anything. */
  readonly sameLog: boolean
}

const pageRows = 5_000

/**
 * Finds out of each message whether it was sent: by the log where the log can tell, else by the recorded cursor. All
 * producers of the shard must be fenced, so that nothing is sent while it looks.
 */
export async function settleOutbox(request: SettleRequest): Promise<SettledOutbox> {
  const { publisher, guarded, sameLog } = request
  const messages = await readAll(request)
  const parked = await guarded((tx) => tx.readParkedOut())
  const verdicts = await publisher.locate([...messages, ...parked])
  const sent: string[] = []
  const fate = { logged: 0, absent: 0, coveredByCursor: 0, beyondCursor: 0 }
  for (const message of messages) {
    const kind = kindOf(message, verdicts.get(message.id), sameLog)
    fate[kind] += 1
    if (kind === 'logged' || kind === 'coveredByCursor') sent.push(message.seq)
  }
  const parkedSent = idsOfLogged(parked, verdicts)
  return { fate: { ...fate, parkedLogged: parkedSent.length }, sent, parkedSent }
}

async function readAll({ guarded, cursor, copied }: SettleRequest): Promise<UnsettledMessage[]> {
  const all: UnsettledMessage[] = []
  for (let page: readonly UnsettledMessage[]; ; ) {
    const after = all.at(-1)?.seq ?? '0'
    page = await guarded((tx) => tx.readUnsettled({ cursor, copied, after, limit: pageRows }))
    all.push(...page)
    if (page.length < pageRows) return all
  }
}

type Kind = Exclude<keyof OutboxFate, 'parkedLogged'>

function kindOf({ covered }: UnsettledMessage, verdict: LogVerdict | undefined, sameLog: boolean): Kind {
  if (verdict === 'logged') return 'logged'
  if (verdict === 'absent' && sameLog) return 'absent'
  return covered ? 'coveredByCursor' : 'beyondCursor'
}

// A parked message of which the log does not tell stays parked: an operator decides on it anyway.
function idsOfLogged(
  parked: readonly ParkedOutMessage[],
  verdicts: ReadonlyMap<string, LogVerdict>,
): string[] {
  return parked.filter(({ id }) => verdicts.get(id) === 'logged').map(({ parkedId }) => parkedId)
}
