import { relaySettings } from './relay-settings.js'
import type { Setting } from './setting.js'

const head = `// Settings of Pigeonhole's commands. A flag counts before its variable, a variable before what stands here.
// Take secrets from the environment. What stands in a .env file counts once it is read, as in prisma.config.ts:
// import 'dotenv/config'

/** @type {import('pigeonhole').PigeonholeConfig} */
export default {`

/** A configuration file in which each setting is described, and none is set but what is in `given`. */
export function configTemplate(given: Readonly<Record<string, unknown>> = {}): string {
  const entries = Object.entries(relaySettings).map(([name, setting]) => describe(name, setting, given[name]))
  return `${[head, ...entries].join('\n')}\n}\n`
}

function describe(
  name: string,
  { about, variables, fallback, required }: Setting<unknown>,
  given: unknown,
): string {
  const without = required ? ['needed'] : fallback === undefined ? [] : [`default ${fallback}`]
  const notes = [...variables, ...without].join(', ')
  const set = given === undefined || given === fallback ? '// ' : ''
  return `  // ${about} (${notes})\n  ${set}${name}: ${JSON.stringify(given ?? fallback ?? '')},\n`
}
