import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Scene } from './evidence.js'
import type { Finding } from './verdict.js'

/** Runs the checker, which prints its table. Resolves to what it found, a finding for each scene. */
export async function runChecker(scenes: readonly Scene[], signal: AbortSignal): Promise<Finding[]> {
  const child = fork(fileURLToPath(new URL('./check.js', import.meta.url)), {
    env: { ...process.env, DEMO_SCENES: JSON.stringify(scenes) },
    signal,
  })
  let findings: Finding[] | undefined
  child.on('message', (message: Finding[]) => {
    findings = message
  })
  const [code] = await once(child, 'exit')
  if (code === 0 && findings) return findings
  throw new Error(`The checker has ended with exit code ${code}`)
}
