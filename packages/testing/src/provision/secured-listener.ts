import type { SecuredListener } from './kafka-cluster.js'

const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512']
const modules = 'org.apache.kafka.common.security'

/** The settings of a broker's listener SECURED. */
export function securedSettings({ certificate, key, users }: SecuredListener): Record<string, string> {
  const known = Object.entries(users).map(([user, password]) => `user_${user}="${password}"`)
  const login = `${modules}.scram.ScramLoginModule required;`
  return prefixed({
    'sasl.enabled.mechanisms': ['PLAIN', ...scram].join(','),
    'plain.sasl.jaas.config': `${modules}.plain.PlainLoginModule required ${known.join(' ')};`,
    ...Object.fromEntries(scram.map((mechanism) => [`${mechanism.toLowerCase()}.sasl.jaas.config`, login])),
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': inOneLine(certificate),
    'ssl.keystore.key': inOneLine(key),
  })
}

/** What makes the users known that come by SCRAM, as its data directory is formatted. */
export function scramArguments(secured: SecuredListener | undefined): string[] {
  return Object.entries(secured?.users ?? {}).flatMap(([name, password]) =>
    scram.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${name},password=${password}]`]),
  )
}

function prefixed(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`listener.name.secured.${name}`, value]),
  )
}

// A line of a file of properties ends with its line.
function inOneLine(pem: string): string {
  return pem.trim().replaceAll('\n', '\\n')
}
