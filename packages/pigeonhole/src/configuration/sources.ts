import { basename } from 'node:path'
import type { ConfigFile } from './config-file.js'
import type { Setting } from './setting.js'

/** Where the text of a setting was found. */
export interface Found {
  readonly text: string
  /** The flag or the variable, for errors. */
  readonly origin: string
}

/** One place where settings are looked for. */
export type Source = (name: string, setting: Setting<unknown>) => Found | undefined

/** Where the settings of a command may stand. */
export interface SettingPlaces {
  readonly flags: Readonly<Record<string, unknown>>
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The configuration file, where there is one. */
  readonly file?: ConfigFile | undefined
}

/** A command's flags, environment variables and its configuration file: the order in which they count. */
export function sourcesOf({ flags, environment, file }: SettingPlaces): readonly Source[] {
  return [flagSource(flags), variableSource(environment), ...(file ? [fileSource(file)] : [])]
}

function flagSource(flags: Readonly<Record<string, unknown>>): Source {
  return (name, { flag }) => {
    const given = flags[name]
    if (flag === undefined || given === undefined) return undefined
    return { text: String(given), origin: flag.split(' ')[0] ?? flag }
  }
}

// A variable that is empty is not set: that is how compose files leave one out.
function variableSource(environment: Readonly<Record<string, string | undefined>>): Source {
  return (_name, { variables }) => {
    const origin = variables.find((variable) => environment[variable])
    return origin === undefined ? undefined : { text: environment[origin] ?? '', origin }
  }
}

// Read as the text of a variable is, so that one rule holds for all places.
function fileSource({ path, values }: ConfigFile): Source {
  return (name) => {
    const value = values[name]
    if (value === undefined || value === null) return undefined
    return { text: String(value), origin: `${name} in ${basename(path)}` }
  }
}
