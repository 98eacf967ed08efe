import { requiredSchemaVersion } from '@pigeonhole/postgres'
import { type Check, Unexamined } from '../../check.js'
import type { Finding } from '../../finding.js'
import type { PostgresFacts } from '../postgres-facts.js'

const migrating = 'pigeonhole migrate   (with Prisma: pigeonhole init, then prisma migrate deploy)'

export const schemaVersion: Check<PostgresFacts> = {
  name: 'schema-version',
  about: 'the tables are there, and of the version that this release needs',
  judge({ schema, schemaVersion: found }) {
    if (found === undefined) return new Unexamined(`the role may not read ${schema}.schema_version`)
    if (found === null) return [missing(schema)]
    if (found < requiredSchemaVersion) return [outdated(schema, found)]
    return found > requiredSchemaVersion ? [newer(schema, found)] : []
  },
}

function missing(schema: string): Finding {
  return {
    severity: 'broken',
    is: `there are no tables of Pigeonhole in schema "${schema}"`,
    why: 'Nothing works without them (SCHEMA_MISSING).',
    fix: `${migrating}. Where they are in another schema: --schema <name>`,
  }
}

function outdated(schema: string, found: number): Finding {
  return {
    severity: 'broken',
    is: `the tables in schema "${schema}" are of version ${found}, and this release needs ${requiredSchemaVersion}`,
    why: 'Relays, inboxes and idempotency keys of this release refuse to work with them (SCHEMA_OUTDATED).',
    fix: migrating,
  }
}

function newer(schema: string, found: number): Finding {
  return {
    severity: 'note',
    is: `the tables in schema "${schema}" are of version ${found}, and this release knows up to ${requiredSchemaVersion}`,
    why: 'Newer tables serve older releases unless they say otherwise; what this release does not know, it does not check.',
    fix: 'Run the doctor of the release that migrated them.',
  }
}
