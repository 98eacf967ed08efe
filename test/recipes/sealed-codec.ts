import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Codec } from '@pigeonhole/core'
import type pg from 'pg'

// #region sealed-keys
/** A key for each subject, say a customer. The subject is an id that says nothing of the person. */
export class SubjectKeys {
  readonly #pool: pg.Pool

  /** @param pool Not the one that publishing transactions wait for: a key is looked up within them. */
  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** The subject's key, made where there is none; null once it was erased. */
  async of(subject: string): Promise<Buffer | null> {
    await this.#pool.query('INSERT INTO subject_key (subject, key) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      subject,
      randomBytes(32),
    ])
    const { rows } = await this.#pool.query('SELECT key FROM subject_key WHERE subject = $1', [subject])
    return rows[0].key
  }

  /** Makes all that was ever sealed for the subject unreadable. The row stays, so that no new key is made. */
  async erase(subject: string): Promise<void> {
    await this.#pool.query(
      'INSERT INTO subject_key (subject, key) VALUES ($1, NULL) ON CONFLICT (subject) DO UPDATE SET key = NULL',
      [subject],
    )
  }
}
// #endregion

// #region sealed-codec
/** What is said of a subject. `data` is null for a consumer that comes after the subject was erased. */
export interface Sealed<T> {
  readonly subject: string
  readonly data: T | null
}

/** Values sealed by AES-256-GCM: length of the subject, subject, nonce, tag, and the JSON that nobody reads without the key. */
export function sealedCodec<T>(keys: SubjectKeys, topic: string): Codec<Sealed<T>> {
  // What was sealed for one topic and subject opens under no other.
  const bound = (subject: string) => Buffer.from(JSON.stringify([topic, subject]))
  return {
    async encode({ subject, data }) {
      const key = await keys.of(subject)
      if (key === null) throw new Error('The subject was erased: nothing is published of it any more')
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound(subject))
      const sealed = Buffer.concat([cipher.update(JSON.stringify(data)), cipher.final()])
      const name = Buffer.from(subject)
      const length = Buffer.alloc(2)
      length.writeUInt16BE(name.length)
      return Buffer.concat([length, name, nonce, cipher.getAuthTag(), sealed])
    },
    async decode(value) {
      const bytes = Buffer.from(value)
      const start = 2 + bytes.readUInt16BE()
      const subject = bytes.toString('utf8', 2, start)
      const key = await keys.of(subject)
      if (key === null) return { subject, data: null }
      const opening = createDecipheriv('aes-256-gcm', key, bytes.subarray(start, start + 12), {
        authTagLength: 16,
      })
        .setAAD(bound(subject))
        .setAuthTag(bytes.subarray(start + 12, start + 28))
      const text = Buffer.concat([opening.update(bytes.subarray(start + 28)), opening.final()])
      return { subject, data: JSON.parse(text.toString('utf8')) }
    },
  }
}
// #endregion
