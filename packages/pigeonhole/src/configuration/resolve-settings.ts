import { PigeonholeError } from '@pigeonhole/core'
import { configFileName } from './config-file.js'
import { envFileHint } from './env-file.js'
import type { Setting, Settings, Values } from './setting.js'
import type { Source } from './sources.js'

/**
 * The value of each setting: that of the first of `sources` which has one, else its fallback.
 * @throws OPTION_INVALID when a text breaks its setting's rule, or a required setting is nowhere.
 */
export function resolveSettings<S extends Settings>(settings: S, sources: readonly Source[]): Values<S> {
  const entries = Object.entries(settings).map(([name, setting]) => [name, resolve(name, setting, sources)])
  return Object.fromEntries(entries) as Values<S>
}

function resolve(name: string, setting: Setting<unknown>, sources: readonly Source[]): unknown {
  for (const source of sources) {
    const found = source(name, setting)
    if (found === undefined) continue
    const value = setting.format.read(found.text)
    if (value !== undefined) return value
    throw refused(name, setting, found)
  }
  if (setting.required) throw missing(name, setting)
  return setting.fallback
}

function refused(
  option: string,
  { secret, format }: Setting<unknown>,
  { text, origin }: { text: string; origin: string },
) {
  const what = secret ? `${origin} cannot be read` : `${origin} is ${JSON.stringify(text)}`
  return new PigeonholeError('OPTION_INVALID', {
    message: `${what}: it takes ${format.rule}`,
    details: { option },
  })
}

function missing(option: string, { flag, variables, about }: Setting<unknown>) {
  const ways = [...(flag === undefined ? [] : [flag]), ...variables].join(' or ')
  const hint = variables.length === 0 ? '' : `. ${envFileHint}`
  return new PigeonholeError('OPTION_INVALID', {
    message: `${option} is needed (${about}): set ${ways}, or ${option} in ${configFileName}${hint}`,
    details: { option },
  })
}
