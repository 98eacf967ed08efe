import { type KafkaCluster, startKafka } from '@pigeonhole/testing'
import {
  type AclEntry,
  type AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs'
import { expect, vi } from 'vitest'
import { haveCoordinators } from '../setup/coordinators.js'

const settings = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  // What an ACL names is open to those who are allowed, everything else to everyone.
  'allow.everyone.if.no.acl.found': 'true',
}

/** What everyone may do with a resource, and nothing else. */
export interface Allowance {
  /** Default: a topic. */
  readonly resourceType?: AclResourceTypes
  readonly resourceName: string
  readonly operations: readonly AclOperationTypes[]
}

/** A broker that asks for ACLs. */
export class AclCluster implements AsyncDisposable {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly #cluster: KafkaCluster

  private constructor(cluster: KafkaCluster) {
    this.#cluster = cluster
    this.kafka = new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING })
    this.admin = this.kafka.admin()
  }

  static async start(): Promise<AclCluster> {
    const acls = new AclCluster(await startKafka({ brokers: 1, sources: ['docker', 'embedded'], settings }))
    await haveCoordinators(acls.brokers)
    await acls.admin.connect()
    return acls
  }

  get brokers(): string[] {
    return this.#cluster.brokers
  }

  /** Adds to what everyone may do, and resolves once the broker knows. */
  async allow(allowance: Allowance): Promise<void> {
    const entries = entriesOf(allowance)
    await this.admin.createAcls({ acl: entries })
    await this.#knows(entries, entries.length)
  }

  /**
   * Takes away what was allowed, and resolves once the broker knows. Something else has to be allowed on the resource: all is, where
   * nothing is.
   */
  async forbid(allowance: Allowance): Promise<void> {
    const entries = entriesOf(allowance)
    await this.admin.deleteAcls({ filters: entries })
    await this.#knows(entries, 0)
  }

  // It answers by what it goes by itself.
  async #knows(entries: readonly AclEntry[], count: number): Promise<void> {
    const known = async (): Promise<number> => {
      const found = await Promise.all(entries.map((entry) => this.admin.describeAcls(entry)))
      return found.filter(({ resources }) => resources.length > 0).length
    }
    await vi.waitFor(async () => expect(await known()).toBe(count), { timeout: 30_000 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.admin.disconnect()
    await this.#cluster.stop()
  }
}

function entriesOf({
  resourceType = AclResourceTypes.TOPIC,
  resourceName,
  operations,
}: Allowance): AclEntry[] {
  const common = {
    resourceType,
    resourceName,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: 'User:ANONYMOUS',
    host: '*',
    permissionType: AclPermissionTypes.ALLOW,
  }
  return operations.map((operation) => ({ ...common, operation }))
}
