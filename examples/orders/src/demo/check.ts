// The checker: a process of its own that reads SQL and Kafka, prints what it counts for all runs, and tells the conductor
// what it found. It knows nothing of the plan, nor of the processes.
import { formatFaults, formatVerdicts } from '@pigeonhole/testing'
import { investigate, type Scene, type Verdict } from './evidence.js'
import { formatIntentFaults, formatIntents } from './format-intents.js'
import type { Finding } from './verdict.js'

const effects = 'invoices'
const scenes = JSON.parse(process.env['DEMO_SCENES'] ?? '[]') as Scene[]
const verdicts: Record<string, Verdict> = {}
for (const scene of scenes) verdicts[scene.title] = await investigate(scene)

console.log('\nFor callers: what the shops wanted, and what came of it')
console.log(formatIntents(partOf(({ intents }) => intents)))
console.log('\nFor messages: what was committed, what is in Kafka, and what came of it')
console.log(
  formatVerdicts(
    partOf(({ messages }) => messages),
    { effects },
  ),
)
for (const [title, { intents, messages }] of Object.entries(verdicts)) {
  const examples = [...formatIntentFaults(intents), ...formatFaults(messages, { effects, examples: 1 })]
  if (examples.length > 0)
    console.log(['', `For instance, ${title}:`, ...examples.map((line) => `  ${line}`)].join('\n'))
}
const findings = Object.entries(verdicts).map(([title, { intents, messages }]): Finding => {
  return {
    title,
    intents: intents.intents,
    intentFaults: intents.faults,
    committed: messages.log.committed,
    messageFaults: messages.faults,
    empty: messages.empty || intents.intents === 0,
  }
})
process.send?.(findings)
process.disconnect?.()

function partOf<T>(read: (verdict: Verdict) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(verdicts).map(([title, verdict]) => [title, read(verdict)]))
}
