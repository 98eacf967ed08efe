import type { Examination } from './check.js'

/** The name of the check that a server which cannot be reached fails. */
export const reachable = { postgres: 'postgres-reachable', kafka: 'kafka-reachable' } as const

/** What is said of both. */
export const aboutReachable = {
  postgres: 'PostgreSQL can be reached, and lets us in',
  kafka: 'Kafka can be reached, and lets us in (TLS, SASL)',
} as const

/** A side that was reached. */
export function reached(side: keyof typeof reachable): Examination {
  return { check: reachable[side], about: aboutReachable[side], outcome: 'well', findings: [], why: null }
}

/** The one finding of a PostgreSQL that could not be asked. `address`: without credentials. */
export function postgresUnreachable(address: string, error: unknown): Examination {
  const finding = {
    severity: 'broken' as const,
    is: `PostgreSQL at ${address} cannot be asked: ${textOf(error)}`,
    why: 'Nothing on its side could be looked at, and nothing works without it.',
    fix: postgresFix((error as { readonly code?: unknown }).code, address),
  }
  return { ...reached('postgres'), outcome: 'found', findings: [finding] }
}

/** The one finding of a Kafka that could not be asked. */
export function kafkaUnreachable(bootstrap: string, error: unknown): Examination {
  const text = textOf(error)
  const finding = {
    severity: 'broken' as const,
    is: `Kafka at ${bootstrap} cannot be asked: ${text}`,
    why: 'Nothing on its side could be looked at, and nothing can be sent without it.',
    fix: kafkaFix(text),
  }
  return { ...reached('kafka'), outcome: 'found', findings: [finding] }
}

function postgresFix(code: unknown, address: string): string {
  if (code === '28P01' || code === '28000')
    return 'Set the user and the password in the database URL, and look at pg_hba.conf.'
  if (code === '3D000') return 'Set the name of the database in the database URL, or create it.'
  if (code === '53300')
    return 'Raise max_connections, or end some sessions: there is no room for another one.'
  return `Start it, and look at the address and the network between: ${address}. For TLS, append ?sslmode=verify-full.`
}

// Where the texts are of Node's TLS and of kafkajs, which give nothing else to go by: they choose a hint, and no more.
function kafkaFix(text: string): string {
  if (/certificate|self.signed/i.test(text))
    return 'Name the authority that has signed the certificate of the brokers: NODE_EXTRA_CA_CERTS=/path/to/ca.pem'
  if (/SASL|authentication/i.test(text))
    return 'Set PIGEONHOLE_KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD to what the brokers know, and --kafka-ssl where the listener has TLS.'
  return (
    'Start it, and look at the addresses and the network between. A listener with TLS needs --kafka-ssl, one without ' +
    'must not have it; one with SASL needs PIGEONHOLE_KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD.'
  )
}

// Node gives several attempts at one name as an error without a text.
function textOf(error: unknown): string {
  const { message, errors, code } = error as {
    readonly message?: string
    readonly errors?: readonly unknown[]
    readonly code?: unknown
  }
  if (message) return message
  return errors?.[0] ? textOf(errors[0]) : String(code ?? error)
}
