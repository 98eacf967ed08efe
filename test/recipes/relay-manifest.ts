import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'

/** What of the manifest of the relay is held to the command. */
export interface RelayManifest {
  readonly graceSeconds: number
  readonly command: readonly string[]
  /** The variables, by name. */
  readonly env: ReadonlyMap<string, string>
  /** Names of the variables that come from a secret. */
  readonly secrets: readonly string[]
  /** The port that each name stands for. */
  readonly ports: ReadonlyMap<string, number>
  readonly scraped: { readonly port: number; readonly path: string }
  readonly probes: Readonly<Record<'readiness' | 'liveness', Probe>>
}

interface Probe {
  readonly path: string
  readonly port: string
}

interface Variable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: object
}

/** Reads the Deployment of docs/kubernetes/relay.yaml. */
export function readRelayManifest(): RelayManifest {
  const text = readFileSync(new URL('../../docs/kubernetes/relay.yaml', import.meta.url), 'utf8')
  const [deployment] = parseAllDocuments(text).map((document) => document.toJS({ maxAliasCount: 0 }))
  const { metadata, spec } = deployment.spec.template
  const [container] = spec.containers
  const variables: readonly Variable[] = container.env
  return {
    graceSeconds: spec.terminationGracePeriodSeconds,
    command: container.command,
    env: new Map(variables.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]))),
    secrets: variables.filter(({ valueFrom }) => valueFrom).map(({ name }) => name),
    ports: new Map(
      container.ports.map(({ name, containerPort }: { name: string; containerPort: number }) => [
        name,
        containerPort,
      ]),
    ),
    scraped: {
      port: Number(metadata.annotations['prometheus.io/port']),
      path: metadata.annotations['prometheus.io/path'],
    },
    probes: { readiness: container.readinessProbe.httpGet, liveness: container.livenessProbe.httpGet },
  }
}
