import type { TopicOperation } from '@pigeonhole/kafkajs'
import type { Check } from '../../check.js'
import type { Finding } from '../../finding.js'
import type { ExaminedTopic, KafkaFacts } from '../kafka-facts.js'
import { listed } from '../topics.js'

export const access: Check<KafkaFacts> = {
  name: 'access',
  about: 'the ACLs that the relay needs are there: checkpoint topic, topics of the outbox, transactional ids',
  judge(facts) {
    return [...topicAccess(facts), ...transactionAccess(facts), ...configAccess(facts)]
  },
}

function topicAccess(facts: KafkaFacts): Finding[] {
  return facts.topics.flatMap((topic) => {
    const missing = missingOperations(topic)
    if (missing.length === 0) return []
    return [
      {
        severity: 'broken',
        is: `${facts.principal} may not ${missing.join(', ')} topic ${topic.topic}`,
        why: topic.uses.has('checkpoint')
          ? 'No shard opens without its checkpoint topic (BROKER_ACCESS_DENIED).'
          : 'Its messages are parked, and sent once they may be (BROKER_ACCESS_DENIED).',
        fix: allow(facts, missing, `--topic ${topic.topic}`),
      },
    ]
  })
}

function missingOperations({ state, uses, operations }: ExaminedTopic): TopicOperation[] {
  const needed: TopicOperation[] = []
  if (uses.has('checkpoint'))
    needed.push('READ', 'WRITE', 'DESCRIBE', ...(state === 'missing' ? createOnly : []))
  else if (uses.has('outbox') && state !== 'missing') needed.push('WRITE', 'DESCRIBE')
  return needed.filter((operation) => state === 'hidden' || !operations.has(operation))
}

const createOnly = ['CREATE'] as const

function transactionAccess(facts: KafkaFacts): Finding[] {
  const denied = [...facts.cluster.transactionalIds]
    .filter(([, allowed]) => allowed === false)
    .map(([id]) => id)
  if (denied.length === 0) return []
  const prefix = `pigeonhole.${facts.relay.name}.`
  return [
    {
      severity: 'broken',
      is: `${facts.principal} may not WRITE transactional id ${listed(denied)}`,
      why: 'No shard opens without its producer (BROKER_ACCESS_DENIED).',
      fix: allow(
        facts,
        ['WRITE', 'DESCRIBE'],
        `--transactional-id ${prefix} --resource-pattern-type prefixed`,
      ),
    },
  ]
}

// The relay does without, except that it cannot see a wrong cleanup.policy.
function configAccess(facts: KafkaFacts): Finding[] {
  const hidden = facts.topics
    .filter(
      ({ state, settings, uses }) => state === 'there' && settings === undefined && !uses.has('internal'),
    )
    .map(({ topic }) => topic)
  const isBrokers = facts.cluster.brokers.some(
    ({ error, settings }) => error === undefined && settings === undefined,
  )
  if (hidden.length === 0 && !isBrokers) return []
  return [
    {
      severity: 'note',
      is: `${facts.principal} may not look at the settings of ${listed([...hidden, ...(isBrokers ? ['the brokers'] : [])])}`,
      why: 'They could not be checked. A relay works without, but does not see a checkpoint topic with the wrong cleanup.policy.',
      fix: [
        ...(isBrokers ? [allow(facts, ['DESCRIBE_CONFIGS'], '--cluster')] : []),
        ...hidden.map((topic) => allow(facts, ['DESCRIBE_CONFIGS'], `--topic ${topic}`)),
      ].join('\n'),
    },
  ]
}

const operationNames: Readonly<Record<TopicOperation, string>> = {
  READ: 'Read',
  WRITE: 'Write',
  CREATE: 'Create',
  ALTER: 'Alter',
  DESCRIBE: 'Describe',
  DESCRIBE_CONFIGS: 'DescribeConfigs',
}

function allow(
  { bootstrap, principal }: KafkaFacts,
  operations: readonly TopicOperation[],
  on: string,
): string {
  const flags = operations.map((operation) => `--operation ${operationNames[operation]}`).join(' ')
  return `kafka-acls.sh --bootstrap-server ${bootstrap} --add --allow-principal ${principal} ${flags} ${on}`
}
