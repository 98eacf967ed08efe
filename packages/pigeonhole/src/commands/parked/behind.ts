import type { WaitingKey } from '@pigeonhole/core'
import { shellWord } from '../shell-word.js'
import { formatKey } from './format-parked.js'

/** How many messages are parked behind what was discarded. */
export function waitingOf(behind: readonly WaitingKey[]): number {
  return behind.reduce((sum, { messages }) => sum + messages, 0)
}

/** What was discarded, how many, and of which inbox; null: of the outbox. */
export interface DiscardedOf {
  readonly discarded: number
  readonly inbox: string | null
}

/** What becomes of what was behind the discarded, a line a key; nothing where there is nothing. */
export function sayBehind(behind: readonly WaitingKey[], of: DiscardedOf): string {
  const them = of.discarded === 1 ? 'it' : 'them'
  return behind.map((key) => `Behind ${them}, ${goesOn(key, of)}\n`).join('')
}

function goesOn(key: WaitingKey, { inbox }: DiscardedOf): string {
  const { messages, retryAt } = key
  const one = messages === 1
  if (retryAt === null)
    return `${messages} ${one ? 'message waits' : 'messages wait'}: ${retryOf(key, inbox)}`
  const [many, itself] = one ? ['message is', 'itself'] : ['messages are', 'themselves']
  if (inbox === null) return `${messages} ${many} sent by ${itself}: the relay does it next.`
  return `${messages} ${many} handled by ${itself}, from ${retryAt} on. At once: ${retryOf(key, inbox)}`
}

/** The command that has a key sent, or handled, again. */
function retryOf({ topic, key }: WaitingKey, inbox: string | null): string {
  const side = inbox === null ? [] : ['--inbox', shellWord(inbox)]
  const shown = formatKey(key)
  const digits = /^hex:(.*)$/.exec(shown)?.[1]
  const given = digits === undefined ? ['--key', shellWord(shown)] : ['--key-hex', shellWord(digits)]
  return ['pigeonhole parked retry', ...side, '--topic', shellWord(topic), ...given].join(' ')
}
