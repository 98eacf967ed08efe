// The checker: a process of its own that reads SQL and Kafka, prints one table for all runs, and tells the conductor
// what it found. It knows nothing of the plan, nor of the processes.
import { type ExactlyOnceVerdict, formatFaults, formatVerdicts } from '@pigeonhole/testing'
import { investigate, type Scene } from './evidence.js'
import type { Finding } from './verdict.js'

const effects = 'invoices'
const scenes = JSON.parse(process.env['DEMO_SCENES'] ?? '[]') as Scene[]
const verdicts: Record<string, ExactlyOnceVerdict> = {}
for (const scene of scenes) verdicts[scene.title] = await investigate(scene)

console.log(formatVerdicts(verdicts, { effects }))
for (const [title, verdict] of Object.entries(verdicts)) {
  const examples = formatFaults(verdict, { effects, examples: 1 })
  if (examples.length > 0)
    console.log(['', `For instance, ${title}:`, ...examples.map((line) => `  ${line}`)].join('\n'))
}
const findings = Object.entries(verdicts).map(([title, { faults, empty, log }]): Finding => {
  return { title, faults, empty, committed: log.committed }
})
process.send?.(findings)
process.disconnect?.()
