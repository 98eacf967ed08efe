import { type KafkaCluster, startKafka } from '@pigeonhole/testing'
import {
  type AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs'

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
    await acls.admin.connect()
    return acls
  }

  get brokers(): string[] {
    return this.#cluster.brokers
  }

  async allow({ resourceType = AclResourceTypes.TOPIC, resourceName, operations }: Allowance): Promise<void> {
    const common = {
      resourceType,
      resourceName,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: 'User:ANONYMOUS',
      host: '*',
      permissionType: AclPermissionTypes.ALLOW,
    }
    await this.admin.createAcls({ acl: operations.map((operation) => ({ ...common, operation })) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.admin.disconnect()
    await this.#cluster.stop()
  }
}
