import { compareOrder, groupBy, latecomers } from './disorder.js'
import { type Finding, Tally } from './finding.js'
import type { CommittedMessage, Effect } from './messages.js'

/** What should have come of the messages against what did. */
export interface EffectFindings {
  /** Messages that must have taken effect. */
  readonly expected: number
  /** Effects that are there. */
  readonly found: number
  /** Messages without an effect. */
  readonly missing: Finding
  /** Effects of messages that were never committed. */
  readonly invented: Finding
  /** Effects of a message that had taken effect before: every one but its first. */
  readonly duplicated: Finding
  /** Effects with another key than their message has. */
  readonly altered: Finding
  /** Behind an effect of the same topic and key whose message was committed later. Repeats do not count. */
  readonly outOfOrder: Finding
}

/** An effect with the message that it comes from. */
interface Match {
  readonly effect: Effect
  readonly message: CommittedMessage
}

/**
 * Compares the messages that must have taken effect with the effects. The order of the lists does not matter.
 * @throws RangeError when two messages have one id: no effect could be told to be the one's or the other's.
 */
export function compareEffects(
  expected: readonly CommittedMessage[],
  effects: readonly Effect[],
): EffectFindings {
  const messages = indexMessages(expected)
  const invented = new Tally()
  const duplicated = new Tally()
  const first = new Map<string, Match>()
  for (const effect of [...effects].sort((a, b) => compareOrder(a.order, b.order))) {
    const message = messages.get(effect.id)
    if (!message) invented.add(describe(effect))
    else if (first.has(effect.id)) duplicated.add(describe(effect))
    else first.set(effect.id, { effect, message })
  }
  const missing = new Tally()
  for (const { id, topic, key } of expected) if (!first.has(id)) missing.add(`of ${topic} ${id} (key ${key})`)
  const matches = [...first.values()]
  const counts = { expected: expected.length, found: effects.length }
  return {
    ...counts,
    missing,
    invented,
    duplicated,
    altered: findAltered(matches),
    outOfOrder: findDisorder(matches),
  }
}

/** The messages by id. @throws RangeError when two are the same. */
function indexMessages(messages: readonly CommittedMessage[]): Map<string, CommittedMessage> {
  const index = new Map(messages.map((message) => [message.id, message]))
  if (index.size === messages.length) return index
  throw new RangeError(
    `${messages.length - index.size} of ${messages.length} messages that are to take effect have the id of another: ` +
      'give each message an id of its own, or check the effects of each topic by themselves',
  )
}

function findAltered(matches: readonly Match[]): Finding {
  const altered = new Tally()
  for (const { effect, message } of matches) {
    if (effect.key !== message.key) altered.add(`${describe(effect)}, whose message has key ${message.key}`)
  }
  return altered
}

function findDisorder(matches: readonly Match[]): Finding {
  const outOfOrder = new Tally()
  const keyed = matches.filter(({ message }) => message.key !== null)
  for (const ofKey of groupBy(keyed, ({ message }) => `${message.topic}\0${message.key}`).values()) {
    for (const { effect } of latecomers(ofKey, ({ message }) => message.order))
      outOfOrder.add(describe(effect))
  }
  return outOfOrder
}

function describe({ id, key, order }: Effect): string {
  return `of ${id} (key ${key}), effect ${order}`
}
