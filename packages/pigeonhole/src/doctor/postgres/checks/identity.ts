import { type Check, Inapplicable, Unexamined } from '../../check.js'
import type { Finding } from '../../finding.js'
import type { PostgresFacts } from '../postgres-facts.js'

export const identity: Check<PostgresFacts> = {
  name: 'relay-identity',
  about: 'the outbox is that of this relay name, on this PostgreSQL server',
  judge({ outbox, systemIdentifier, relay: { name }, schemaVersion }) {
    if (schemaVersion === null) return new Inapplicable('there are no tables')
    if (!outbox) return new Unexamined('the tables cannot be read')
    const recorded = outbox.identity
    if (!recorded) return new Inapplicable('no relay has opened this outbox yet')
    return [
      ...(name !== undefined && name !== recorded.relay ? [otherName(recorded.relay, name)] : []),
      ...(systemIdentifier !== undefined && systemIdentifier !== recorded.systemIdentifier
        ? [otherServer(recorded.systemIdentifier, systemIdentifier)]
        : []),
    ]
  },
}

const why = 'A relay halts here with RELAY_IDENTITY_CHANGED instead of sending anything twice.'

function otherName(recorded: string, name: string): Finding {
  return {
    severity: 'broken',
    is: `this outbox is relayed as "${recorded}", and the name that is set is "${name}"`,
    why,
    fix: `--name ${recorded}; or, to rename it: pigeonhole adopt --keep-cursor --name ${name}`,
  }
}

function otherServer(recorded: string, found: string): Finding {
  return {
    severity: 'broken',
    is: `the outbox was relayed from PostgreSQL system ${recorded}, and this is ${found}`,
    why: `${why} This is a copy, or the database was moved.`,
    fix: 'Of a copy beside its original: run no relay on it. After a move: pigeonhole adopt. See docs/operations.md.',
  }
}
