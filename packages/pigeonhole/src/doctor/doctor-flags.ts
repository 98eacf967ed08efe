import { PigeonholeError } from '@pigeonhole/core'
import { askedParts } from './postgres/postgres-facts.js'
import type { AskedRole } from './postgres/read-role-facts.js'

/** What the doctor alone can be told. */
export interface DoctorFlags {
  readonly roles: readonly AskedRole[]
  readonly topics: readonly string[]
  readonly idRetentionMs: number
  readonly createTopics: boolean
}

/** As createInbox has it by default. */
const idRetentionMs = 30 * 24 * 60 * 60 * 1000

/** @throws OPTION_INVALID */
export function readDoctorFlags(flags: Readonly<Record<string, unknown>>): DoctorFlags {
  return {
    roles: askedParts.flatMap((part) => {
      const role = flags[part]
      return role === undefined ? [] : [{ part, role: String(role) }]
    }),
    topics: wordsOf(flags['topics']),
    idRetentionMs: readRetention(flags['idRetentionMs']),
    createTopics: flags['createTopics'] === true,
  }
}

function wordsOf(given: unknown): string[] {
  return String(given ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}

function readRetention(given: unknown): number {
  if (given === undefined) return idRetentionMs
  if (/^\d+$/.test(String(given)) || given === 'Infinity') return Number(given)
  throw refused('id-retention-ms', String(given), 'a whole number of milliseconds, or Infinity')
}

function refused(option: string, given: string, rule: string): PigeonholeError<'OPTION_INVALID'> {
  return new PigeonholeError('OPTION_INVALID', {
    message: `--${option} is ${JSON.stringify(given)}: it takes ${rule}`,
    details: { option },
  })
}
