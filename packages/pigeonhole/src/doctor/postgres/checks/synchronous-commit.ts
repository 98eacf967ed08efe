import type { Check } from '../../check.js'
import type { Finding } from '../../finding.js'
import type { PostgresFacts, SettingOverride } from '../postgres-facts.js'

export const synchronousCommit: Check<PostgresFacts> = {
  name: 'synchronous-commit',
  about:
    'a commit is on disk when it is answered: synchronous_commit is not off for the server, the database or a role that sees the tables',
  judge({ settings, overrides, role, database }) {
    const own = settings.get('synchronous_commit')
    const off = overrides.filter(({ name, value }) => name === 'synchronous_commit' && value === 'off')
    if (off.length > 0) return off.map((it) => finding(whose(it, database), resetOf(it, database)))
    if (own?.value !== 'off') return []
    const fix =
      own.source === 'client'
        ? 'Take synchronous_commit out of the options of the database URL, or of PGOPTIONS.'
        : 'ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf();'
    return [finding(`for sessions of ${role}, from ${own.source}`, fix)]
  },
}

function whose({ role, isOfDatabase }: SettingOverride, database: string): string {
  const where = isOfDatabase ? ` in database ${database}` : ''
  return role === null ? `for everyone${where}` : `for role ${role}${where}`
}

function resetOf({ role, isOfDatabase }: SettingOverride, database: string): string {
  const where = isOfDatabase ? ` IN DATABASE "${database}"` : ''
  return role === null
    ? `ALTER DATABASE "${database}" RESET synchronous_commit;`
    : `ALTER ROLE "${role}"${where} RESET synchronous_commit;`
}

// The relay flushes with its own commits all that it has read, so nothing is sent that a crash takes back.
function finding(scope: string, fix: string): Finding {
  return {
    severity: 'risk',
    is: `synchronous_commit = off ${scope}`,
    why:
      'A crash takes back commits of the last moments that were answered: a caller was told that it is done, and an inbox ' +
      "with dedupe 'id' or 'none' has moved on in Kafka. The log stays right: the relay flushes before it sends.",
    fix,
  }
}
