// The checker: a process of its own that reads SQL and Kafka, prints one table for all runs, and tells the conductor
// what it found. It knows nothing of the plan, nor of the processes.
import { type ExactlyOnceVerdict, formatFaults, formatVerdicts } from '@pigeonhole/testing'
import { investigate, type Scene } from './evidence.js'

const scenes = JSON.parse(process.env['DEMO_SCENES'] ?? '[]') as Scene[]
const verdicts: Record<string, ExactlyOnceVerdict> = {}
for (const scene of scenes) verdicts[scene.title] = await investigate(scene)

console.log(formatVerdicts(verdicts, { effects: 'invoices' }))
const summaries = Object.entries(verdicts).map(([title, verdict]) => {
  const { faults, empty, log } = verdict
  return {
    title,
    faults,
    empty,
    committed: log.committed,
    examples: formatFaults(verdict, { effects: 'invoices' }),
  }
})
process.send?.(summaries)
process.disconnect?.()
