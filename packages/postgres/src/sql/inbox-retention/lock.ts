import { noRow, type Statement } from '../statement.js'

/** Locks the inbox $1 against others who forget its ids, or rewind it, until the transaction ends. */
export function lockRetention(schema: string): string {
  return `
    INSERT INTO ${schema}.inbox_retention AS held (inbox) VALUES ($1::text)
    ON CONFLICT (inbox) DO UPDATE SET forgotten_until = held.forgotten_until`
}

/** {@link lockRetention} by itself: what comes behind it sees what those others have committed. */
export const lockInboxRetention: Statement<{ readonly inbox: string }, null> = {
  name: 'inbox_retention.lock',
  text: lockRetention,
  bind: ({ inbox }) => [inbox],
  decode: noRow,
}
