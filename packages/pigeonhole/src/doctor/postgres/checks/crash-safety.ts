import type { Check } from '../../check.js'
import type { Finding } from '../../finding.js'
import type { PostgresFacts } from '../postgres-facts.js'

const losses = {
  fsync: 'a crash of the machine can lose or destroy what was committed',
  full_page_writes:
    'a crash of the machine can leave pages half written, and what was committed on them is gone',
}

export const crashSafety: Check<PostgresFacts> = {
  name: 'crash-safety',
  about: 'fsync and full_page_writes are on',
  judge({ settings }) {
    const names = Object.keys(losses) as (keyof typeof losses)[]
    return names.filter((name) => settings.get(name)?.value === 'off').map(finding)
  },
}

function finding(name: keyof typeof losses): Finding {
  return {
    severity: 'broken',
    is: `${name} = off`,
    why: `Every promise rests on what PostgreSQL has committed: ${losses[name]}.`,
    fix: `ALTER SYSTEM SET ${name} = on; SELECT pg_reload_conf();`,
  }
}
