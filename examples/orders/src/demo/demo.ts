import { once } from 'node:events'
import { conduct } from './conduct.js'
import { howToLook } from './how-to-look.js'
import type { Injected } from './injected.js'
import { formatInjected } from './injected.js'
import type { Narrator } from './narrator.js'
import type { DemoOptions } from './options.js'
import { makePlan, type Plan } from './plan.js'
import { endProcesses, openRun, type Run, titles } from './run.js'
import { runChecker } from './run-checker.js'
import { openServers } from './servers.js'
import type { Servers } from './stage.js'
import { objections, type RunResult } from './verdict.js'

/** What does not change from one run to the next. */
interface Setting {
  readonly plan: Plan
  readonly servers: Servers
  readonly narrator: Narrator
  readonly signal: AbortSignal
}

/** Plays one plan twice and has both runs checked. Resolves to whether that showed what it was to show. */
export async function demo(options: DemoOptions, narrator: Narrator, signal: AbortSignal): Promise<boolean> {
  const plan = makePlan(options.seed, options.orders)
  narrator.begin(`One plan of faults, played twice (seed ${options.seed})`)
  narrator.say(
    'Shops, order services, billing consumers and relays are killed and paused at moments that follow from the seed.',
  )
  await using servers = await openServers()
  narrator.event('start', servers.description, '')
  const setting = { plan, servers, narrator, signal }

  await using usual = await openRun('usual', plan, servers)
  const usualInjected = await play(
    setting,
    usual,
    'Run 1, the usual way: ask until there is an answer; write, then send; handle, then commit the offset',
  )
  await endProcesses(usual.cast)

  await using pigeonhole = await openRun('pigeonhole', plan, servers)
  const pigeonholeInjected = await play(
    setting,
    pigeonhole,
    'Run 2, Pigeonhole: the same services, the same plan',
  )

  const passed = await judge(setting, [usual, usualInjected], [pigeonhole, pigeonholeInjected])
  if (options.keep) await stayOpen(setting, [usual, pigeonhole])
  return passed
}

async function play(
  { plan, servers, narrator, signal }: Setting,
  run: Run,
  title: string,
): Promise<Injected> {
  signal.throwIfAborted()
  narrator.begin(title)
  const tell = (what: string, whom: string, details: string): void => narrator.event(what, whom, details)
  const injected = await conduct({ ...run, plan, servers, tell, signal })
  narrator.event('rest', 'everything is sent and handled', '')
  return injected
}

type Played = readonly [run: Run, injected: Injected]

async function judge({ narrator, signal }: Setting, usual: Played, pigeonhole: Played): Promise<boolean> {
  narrator.begin('What was done to both')
  narrator.say(formatInjected({ [titles.usual]: usual[1], [titles.pigeonhole]: pigeonhole[1] }))
  narrator.begin('What PostgreSQL and Kafka say, read by a process of its own')
  const findings = await runChecker([usual[0].scene, pigeonhole[0].scene], signal)
  const results = [usual, pigeonhole].map(([{ scene }, injected]): RunResult => {
    const finding = findings.find(({ title }) => title === scene.title)
    if (!finding) throw new Error(`The checker says nothing of ${scene.title}`)
    return { finding, injected }
  })
  return announce(narrator, results as [RunResult, RunResult])
}

function announce(narrator: Narrator, [usual, pigeonhole]: [RunResult, RunResult]): boolean {
  const against = objections(usual, pigeonhole)
  narrator.say('')
  for (const objection of against) narrator.say(`${narrator.paint('red', 'FAIL')}  ${objection}`)
  if (against.length > 0) return false
  const { intents, committed } = pigeonhole.finding
  narrator.say(
    `${narrator.paint('green', 'PASS')}  Pigeonhole: ${intents} intents of callers, ${committed} messages committed, 0 faults. ` +
      `The usual way, under the same plan: ${usual.finding.intentFaults} faults for callers, ${usual.finding.messageFaults} for messages.`,
  )
  return true
}

async function stayOpen({ narrator, servers, signal }: Setting, runs: readonly Run[]): Promise<void> {
  narrator.say(howToLook(runs, servers))
  if (!signal.aborted) await once(signal, 'abort')
}
