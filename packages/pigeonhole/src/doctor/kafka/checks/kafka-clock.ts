import { type Check, Unexamined } from '../../check.js'
import { judgeClock } from '../../judge-clock.js'
import type { KafkaFacts } from '../kafka-facts.js'

export const kafkaClock: Check<KafkaFacts> = {
  name: 'kafka-clock',
  about:
    "the clocks of Kafka's controller and of this machine agree (the relay's machine counts: run the doctor there)",
  judge({ cluster: { clock } }) {
    if (clock) return judgeClock("Kafka's controller", clock)
    return new Unexamined(
      'brokers tell their clock from Kafka 3.3 on, in KRaft, to who may DESCRIBE the cluster',
    )
  },
}
