import { type Check, Unexamined } from '../../check.js'
import type { Finding } from '../../finding.js'
import { type ExaminedTopic, type KafkaFacts, transactionLog as log } from '../kafka-facts.js'
import { alterTopics, isSingle, numberOf, oneBroker, replicasOf, unlessHidden } from '../topics.js'

export const transactionLog: Check<KafkaFacts> = {
  name: 'transaction-log',
  about: `${log} has replication factor 3 and min.insync.replicas 2 (transaction.state.log.*)`,
  judge(facts) {
    if (isSingle(facts)) return oneBroker
    const topic = facts.topics.find((it) => it.topic === log)
    return topic?.state === 'there' ? unlessHidden(judgeTopic(facts, topic), [topic]) : judgeSettings(facts)
  },
}

function judgeTopic(facts: KafkaFacts, topic: ExaminedTopic): Finding[] {
  const replicas = replicasOf(topic)
  const inSync = numberOf(topic, 'min.insync.replicas')
  return [
    ...(replicas < 3 ? [fewReplicas(`${log} has replication factor ${replicas}`, replicas, reassign)] : []),
    ...(inSync !== undefined && inSync < 2 && replicas > 1
      ? [
          fewInSync(
            `${log} has min.insync.replicas ${inSync}`,
            alterTopics(facts, [log], 'min.insync.replicas=2'),
          ),
        ]
      : []),
  ]
}

const reassign =
  'kafka-reassign-partitions.sh, to three replicas for each of its partitions; the setting counts only while it is made.'

// Made at the first transaction, by the settings that the brokers have then.
function judgeSettings({ cluster }: KafkaFacts) {
  const settings = cluster.brokers.find((broker) => broker.settings)?.settings
  if (!settings)
    return new Unexamined(`${log} is not there or hidden, and the settings of brokers may not be looked at`)
  const replicas = Number(settings['transaction.state.log.replication.factor'])
  const inSync = Number(settings['transaction.state.log.min.isr'])
  const factor = 'transaction.state.log.replication.factor'
  return [
    ...(replicas < 3
      ? [fewReplicas(`${factor} = ${replicas}`, replicas, `${factor}=3 on every broker`)]
      : []),
    ...(inSync < 2
      ? [
          fewInSync(
            `transaction.state.log.min.isr = ${inSync}`,
            'transaction.state.log.min.isr=2 on every broker',
          ),
        ]
      : []),
  ]
}

function fewReplicas(is: string, replicas: number, fix: string): Finding {
  return {
    severity: replicas < 2 ? 'broken' : 'risk',
    is,
    why: 'Exactly once in the log: where it is lost, nobody knows which transactions were committed, or who is fenced.',
    fix,
  }
}

function fewInSync(is: string, fix: string): Finding {
  return {
    severity: 'risk',
    is,
    why: 'Exactly once in the log: a commit that one broker alone has noted is lost with that broker.',
    fix,
  }
}
