import type { OutboxRow, OutboxStore } from '../ports/outbox-store.js'

/** A store that remembers what it was asked, in order. Its transactions are strings. */
export class RecordingOutboxStore implements OutboxStore<string> {
  readonly rows: OutboxRow[] = []
  readonly calls: {
    readonly call: 'insertMessages' | 'lockKeys'
    readonly tx: string
    readonly keys: readonly string[]
  }[] = []

  async insertMessages(tx: string, rows: readonly OutboxRow[]): Promise<void> {
    this.calls.push({
      call: 'insertMessages',
      tx,
      keys: rows.map(({ key }) => (key === null ? '-' : text(key))),
    })
    this.rows.push(...rows)
  }

  async lockKeys(
    tx: string,
    keys: readonly { readonly topic: string; readonly key: Uint8Array }[],
  ): Promise<void> {
    this.calls.push({ call: 'lockKeys', tx, keys: keys.map(({ key }) => text(key)) })
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}
