import { type Check, Unexamined } from '../../check.js'
import type { KafkaFacts } from '../kafka-facts.js'

const setting = 'auto.create.topics.enable'

export const autoCreate: Check<KafkaFacts> = {
  name: 'auto-create-topics',
  about: `${setting} is false`,
  judge({ cluster }) {
    const told = cluster.brokers.filter(({ settings }) => settings)
    if (told.length === 0) return new Unexamined('the settings of brokers may not be looked at')
    if (!told.some(({ settings }) => settings?.[setting] === 'true')) return []
    return [
      {
        severity: 'note',
        is: `${setting} = true`,
        why:
          'A client that asks for a topic by a wrong name, or for one that was deleted, makes it, with default settings. Pigeonhole ' +
          'itself never does; another client could make the checkpoint topic anew, which a relay refuses.',
        fix: `${setting}=false on every broker, once every topic is made on purpose`,
      },
    ]
  },
}
