import type { LogVerdict, UnsettledMessage } from '../../ports/adoption.js'
import type { RelayPublisher } from '../../ports/relay-publisher.js'
import type { Cursor, GuardedTransaction } from '../../ports/relay-store.js'
import type { ResolvedAdoptOptions } from './adopt-options.js'
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
  /** What becomes of messages of which neither log nor cursor can tell. */
  readonly undecided: ResolvedAdoptOptions['undecided']
}

const pageRows = 5_000
/** So many messages are held in memory at a time; the log is read once for each lot. */
const lotRows = 100_000

/**
 * Finds out of each message whether it was sent: by the log where the log can tell, else by the recorded cursor. All
 * producers of the shard must be fenced, so that nothing is sent while it looks: a message that is committed meanwhile, and
 * that no lot holds, was not sent.
 */
export async function settleOutbox(request: SettleRequest): Promise<SettledOutbox> {
  const { publisher, sameLog } = request
  const sent: string[] = []
  const fate = { logged: 0, absent: 0, coveredByCursor: 0, beyondCursor: 0, superseded: 0, undecided: 0 }
  for await (const messages of lotsOf(request)) {
    const verdicts = await publisher.locate(messages)
    for (const message of messages) {
      const kind = kindOf(message, verdicts.get(message.id), sameLog)
      fate[kind] += 1
      if (isSent(kind, request.undecided)) sent.push(message.seq)
    }
  }
  const parkedSent = await loggedOfParked(request)
  return { fate: { ...fate, parkedLogged: parkedSent.length }, sent, parkedSent }
}

async function* lotsOf(request: SettleRequest): AsyncGenerator<readonly UnsettledMessage[]> {
  let lot = await readLot(request, '0')
  while (lot.length > 0) {
    yield lot
    if (lot.length < lotRows) return
    lot = await readLot(request, lot.at(-1)?.seq ?? '0')
  }
}

async function readLot(
  { guarded, cursor, copied }: SettleRequest,
  start: string,
): Promise<readonly UnsettledMessage[]> {
  const lot: UnsettledMessage[] = []
  while (lot.length < lotRows) {
    const after = lot.at(-1)?.seq ?? start
    const page = await guarded((tx) => tx.readUnsettled({ cursor, copied, after, limit: pageRows }))
    lot.push(...page)
    if (page.length < pageRows) break
  }
  return lot
}

type Kind = Exclude<keyof OutboxFate, 'parkedLogged'>

function kindOf({ covered }: UnsettledMessage, verdict: LogVerdict | undefined, sameLog: boolean): Kind {
  if (verdict === 'logged' || verdict === 'superseded') return verdict
  if (verdict === 'absent' && sameLog) return 'absent'
  if (covered) return 'coveredByCursor'
  return verdict === 'hidden' ? 'undecided' : 'beyondCursor'
}

const sentKinds: ReadonlySet<Kind> = new Set(['logged', 'superseded', 'coveredByCursor'])

function isSent(kind: Kind, undecided: SettleRequest['undecided']): boolean {
  return sentKinds.has(kind) || (kind === 'undecided' && undecided === 'drop')
}

// A parked message of which the log does not tell stays parked: an operator decides on it anyway.
async function loggedOfParked({ publisher, guarded }: SettleRequest): Promise<string[]> {
  const parked = await guarded((tx) => tx.readParkedOut())
  if (parked.length === 0) return []
  const verdicts = await publisher.locate(parked)
  return parked.filter(({ id }) => verdicts.get(id) === 'logged').map(({ parkedId }) => parkedId)
}
