import type { Format } from './format.js'

/** One thing that can be configured. */
export interface Setting<T> {
  /** As it is declared on the command line. Absent for secrets: all users of a machine see its command lines. */
  readonly flag?: string
  /** Environment variables, the first that is set counts. */
  readonly variables: readonly string[]
  /** What it is, with its unit. */
  readonly about: string
  readonly format: Format<T>
  /** Whether its text must not be shown. */
  readonly secret?: true
  /** Whether the command cannot do without it. */
  readonly required?: true
  readonly fallback?: T
}

/** Settings by their names: that of a flag is its setting's in kebab case. */
export type Settings = Readonly<Record<string, Setting<unknown>>>

/** The values of settings. */
export type Values<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never
}

type Described<T> = Omit<Setting<T>, 'required' | 'fallback'>

/** A setting that may be left out, with what is taken then. */
export function optional<T, F>(setting: Described<T>, fallback: F): Setting<T | F> {
  return { ...setting, fallback }
}

/** A setting that has to be given. */
export function required<T>(setting: Described<T>): Setting<T> {
  return { ...setting, required: true }
}
