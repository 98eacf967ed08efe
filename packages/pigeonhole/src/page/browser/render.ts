import { decideCell } from './decide.js'
import { byId, type Cell, element, letScroll, show, showRows, showText } from './elements.js'
import type {
  Found,
  FoundLag,
  FoundParked,
  FoundPosition,
  PageState,
  Sample,
  WorkerShard,
} from './page-state.js'
import { drawPlot, spanOf } from './plot.js'
import { verdictOf } from './verdict.js'
import { count, duration, grouped, moment } from './words.js'

/** Shows all of a state. */
export function render(state: PageState): void {
  showText('name', state.name)
  showVerdict(verdictOf(state))
  const { found, now } = state
  showText('freshness', found ? `From the database ${duration((now - found.at) / 1000)} ago` : '')
  showAge(state)
  showRate('total-rate', state.totalRates, now)
  showRate('rate', state.rates, now)
  showErrors(state)
  if (found) showFound(found, state)
  if (found) showPositions(found.positions, state)
  letScroll()
}

/** Shows how things stand. */
export function showVerdict({
  text,
  isTrouble,
}: {
  readonly text: string
  readonly isTrouble: boolean
}): void {
  byId('verdict').toggleAttribute('data-trouble', isTrouble)
  showText('verdict', text)
}

function showAge({ found, ages, now }: PageState): void {
  const age = found?.oldestAgeSeconds ?? null
  const pending = found ? count(found.pending, 'message waits', 'messages wait') : ''
  showText('age', age === null ? 'none waits' : `${duration(age)}, ${pending}`)
  drawPlot('age-plot', {
    samples: ages,
    now,
    label: (highest) => `Age of the oldest message, of late ${duration(highest)} at most`,
  })
  showAxis('age-axis', spanOf(ages, now), `${duration(highestOf(ages))} at most`)
}

function showRate(id: string, rates: readonly Sample[], now: number): void {
  const [, latest] = rates.at(-1) ?? [now, 0]
  showText(id, `${grouped(latest)} messages/s`)
  drawPlot(`${id}-plot`, {
    samples: rates,
    now,
    label: (highest) => `Messages a second, of late ${grouped(highest)} at most`,
  })
  showAxis(`${id}-axis`, spanOf(rates, now), `${grouped(highestOf(rates))} messages/s at most`)
}

function showAxis(id: string, spanMs: number, middle: string): void {
  const words = [`${duration(spanMs / 1000)} ago`, middle, 'now']
  show(id, words, () => words.map((text) => element('span', text)))
}

function highestOf(samples: readonly Sample[]): number {
  return Math.max(0, ...samples.map(([, value]) => value))
}

function showErrors({ shards, found, worker }: PageState): void {
  const own = shards.flatMap(({ shard, lastError }) =>
    lastError ? [{ shard, who: 'this worker', ...lastError }] : [],
  )
  // Its own come to it by themselves, also where the database is away.
  const others = (found?.errors ?? [])
    .filter((error) => error.worker !== worker)
    .map((error) => ({ ...error, who: `worker ${error.worker}` }))
  const failed = [...own, ...others].sort((a, b) => b.at - a.at)
  show('errors', failed, () => {
    if (failed.length === 0) return [element('p', 'None.', 'none')]
    return failed.map(({ shard, who, at, code, message, remedy }) => {
      const entry = element('div', '', 'error')
      const what = element('p', `Shard ${shard}, ${who}, ${moment(at)}: `)
      what.append(element('code', code))
      entry.append(what, element('p', message), element('p', `What to do: ${remedy}`))
      return entry
    })
  })
}

function showFound(found: Found, { shards: own, decides }: PageState): void {
  showRows('shards', found.shards.map(shardRow(own)), 'The outbox has no shards yet.')
  show('holder', found.holder, (holder) => [
    holder === '' ? element('p', 'Nothing for longer than a second.', 'none') : element('p', holder),
  ])
  showRows('parked', found.parked.map(parkedRow(decides)), 'Nothing is parked, and no topic is paused.')
  const more = found.moreParked > 0 ? `And ${grouped(found.moreParked)} more. ` : ''
  const commands = decides
    ? ''
    : 'PIGEONHOLE_PAGE_TOKEN in the worker lets this page decide on them; so does pigeonhole parked.'
  showText('parked-note', found.parked.length > 0 ? more + commands : '')
}

function shardRow(own: readonly WorkerShard[]) {
  return ({ shard, buckets, holder, pending, confirmed }: Found['shards'][number]): readonly Cell[] => {
    const state = own.find((each) => each.shard === shard)?.state ?? '-'
    const isBad = state === 'halted' || state === 'waiting'
    return [
      String(shard),
      buckets,
      holder ?? 'nobody',
      isBad ? { text: state, as: 'trouble' } : state,
      number(grouped(pending)),
      number(grouped(confirmed)),
    ]
  }
}

function parkedRow(decides: boolean): (parked: FoundParked) => readonly Cell[] {
  return (parked) => {
    const { side, kind, topic, key, messages, attempts, since, retryAt, why } = parked
    const again = retryAt === null ? 'when told' : moment(retryAt)
    const counts = [number(grouped(messages)), number(grouped(attempts))]
    return [side, kind, topic, key, ...counts, moment(since), again, why, decides ? decideCell(parked) : '-']
  }
}

function showPositions(positions: Found['positions'], { lags, lagsFailure, now }: PageState): void {
  const denied = "The worker's role may not read the table inbox_position, and so what inboxes have parked."
  const none = 'No inbox has handled anything yet, or none of them keeps positions.'
  const known = new Map(lagsFailure ? [] : lags?.lags.map((lag) => [placeOf(lag), lag]))
  const rows = (positions ?? []).map((position) => positionRow(position, known.get(placeOf(position))))
  showRows('positions', rows, positions ? none : denied)
  showText('positions-note', positions && positions.length > 0 ? lagsNote({ lags, lagsFailure, now }) : '')
}

function lagsNote({ lags, lagsFailure, now }: Pick<PageState, 'lags' | 'lagsFailure' | 'now'>): string {
  if (lagsFailure) {
    const { code, message, remedy } = lagsFailure
    return `How far they are behind is not known. ${code}: ${message} What to do: ${remedy}`
  }
  if (!lags) return 'Asking Kafka how far they are behind.'
  return `How far they are behind is from this worker's Kafka, ${duration((now - lags.at) / 1000)} ago.`
}

function placeOf({ inbox, topic, partition }: Pick<FoundPosition, 'inbox' | 'topic' | 'partition'>): string {
  return JSON.stringify([inbox, topic, partition])
}

function positionRow(
  { inbox, topic, partition, nextOffset }: FoundPosition,
  lag: FoundLag | undefined,
): readonly Cell[] {
  const behind = lag ? (lag.messages ?? `${lag.offsets} at most`) : 'not known'
  return [
    inbox,
    topic,
    number(String(partition)),
    number(nextOffset),
    number(lag?.end ?? 'not known'),
    number(behind),
  ]
}

function number(text: string): Cell {
  return { text, as: 'number' }
}
