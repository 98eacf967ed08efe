import type { Setting } from './setting.js'

/** Where the text of a setting was found. */
export interface Found {
  readonly text: string
  /** The flag or the variable, for errors. */
  readonly origin: string
}

/** One place where settings are looked for. */
export type Source = (name: string, setting: Setting<unknown>) => Found | undefined

/** A command's flags and environment variables: the order in which they count. A configuration file comes after them. */
export function sourcesOf(
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): readonly Source[] {
  return [flagSource(flags), variableSource(environment)]
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
