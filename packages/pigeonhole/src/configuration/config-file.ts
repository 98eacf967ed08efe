import { stat } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { assertKnownOptions, PigeonholeError } from '@pigeonhole/core'
import { relaySettings } from './relay-settings.js'

/** A configuration file that was read. */
export interface ConfigFile {
  readonly path: string
  /** By the names of settings. */
  readonly values: Readonly<Record<string, unknown>>
}

/** The variable that names it. */
export const configFileVariable = 'PIGEONHOLE_CONFIG'

/** The name that is looked for where none is given. */
export const configFileName = 'pigeonhole.config.mjs'

/**
 * Reads a configuration file: a module whose default export has settings by their names. Where none is given and none is in
 * `cwd`, there is none.
 * @throws OPTION_INVALID when it is not there, cannot be loaded, or has a setting that is not known.
 */
export async function readConfigFile(cwd: string, given?: string): Promise<ConfigFile | undefined> {
  const file = path.resolve(cwd, given ?? configFileName)
  const isThere = await stat(file).then(
    (stats) => stats.isFile(),
    () => false,
  )
  if (!isThere && given === undefined) return undefined
  if (!isThere) throw refused(`There is no configuration file ${file}`)
  const values = await load(file)
  assertKnownOptions(path.basename(file), values, Object.keys(relaySettings))
  return { path: file, values }
}

async function load(file: string): Promise<ConfigFile['values']> {
  let module: { default?: unknown }
  try {
    module = await import(pathToFileURL(file).href)
  } catch (cause) {
    throw refused(
      `${file} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    )
  }
  const values = module.default
  if (typeof values === 'object' && values !== null && !Array.isArray(values))
    return values as ConfigFile['values']
  throw refused(`${file} has no settings: its default export takes an object, export default { name: … }`)
}

function refused(message: string, cause?: unknown): PigeonholeError<'OPTION_INVALID'> {
  return new PigeonholeError('OPTION_INVALID', {
    message,
    details: { option: 'config' },
    ...(cause !== undefined && { cause }),
  })
}
