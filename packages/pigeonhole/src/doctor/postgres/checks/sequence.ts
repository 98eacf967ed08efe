import { type Check, Inapplicable, Unexamined } from '../../check.js'
import type { PostgresFacts } from '../postgres-facts.js'

export const sequence: Check<PostgresFacts> = {
  name: 'sequence',
  about:
    'messages are numbered in order: the sequence of outbox_message.seq has CACHE 1, grows and never begins again',
  judge({ sequence: found, schema, schemaVersion }) {
    if (schemaVersion === null) return new Inapplicable('there are no tables')
    if (!found) return new Unexamined('outbox_message.seq has no sequence')
    const { cache, increment, cycles } = found
    const wrong = [
      ...(cache > 1 ? [`CACHE ${cache}`] : []),
      ...(increment < 1 ? [`INCREMENT ${increment}`] : []),
      ...(cycles ? ['CYCLE'] : []),
    ]
    if (wrong.length === 0) return []
    return [
      {
        severity: 'broken',
        is: `the sequence of outbox_message.seq has ${wrong.join(', ')}`,
        why: 'Order per key: a session that has kept lower numbers back publishes a later message before an earlier one.',
        fix:
          `ALTER TABLE "${schema}".outbox_message ALTER COLUMN seq SET CACHE 1 SET INCREMENT 1 SET NO CYCLE;` +
          '\n-- then restart what publishes: sessions keep the numbers that they have',
      },
    ]
  },
}
