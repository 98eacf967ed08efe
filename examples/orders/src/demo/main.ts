// npm run demo. Exit codes: 0 shown, 1 not shown, 2 called the wrong way, 130 and 143 ended by Ctrl-C or SIGTERM.
import { demo } from './demo.js'
import { Narrator } from './narrator.js'
import { type DemoOptions, readOptions, usage } from './options.js'

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const

async function run(options: DemoOptions): Promise<number> {
  const narrator = new Narrator()
  const stop = new AbortController()
  let stoppedBy: keyof typeof exitCodes | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Not `once`: testcontainers brings signal-exit, which ends the process when no other listener is left.
    process.on(signal, () => {
      if (!stoppedBy) narrator.say(`\n${signal}: ending everything that was started`)
      stoppedBy = signal
      stop.abort(new Error(signal))
    })
  }
  try {
    const passed = await demo(options, narrator, stop.signal)
    return passed ? 0 : 1
  } catch (error) {
    if (stoppedBy) return exitCodes[stoppedBy]
    narrator.say(
      `\n${narrator.paint('red', 'FAIL')}  ${error instanceof Error ? error.message : String(error)}`,
    )
    return 1
  }
}

let options: DemoOptions | 'help' | undefined
try {
  options = readOptions(process.argv.slice(2))
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
}
if (options === 'help') console.log(usage)
if (options === undefined) process.exitCode = 2
else if (options !== 'help') process.exitCode = await run(options)
// Pools and clients that a failure has left open must not keep the demo from ending.
process.exit()
