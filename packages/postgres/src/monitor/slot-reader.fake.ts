import pg from 'pg'

// What node-postgres has for replication, and its types do not.
interface ReplicationConnection {
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  once(event: 'replicationStart', listener: () => void): void
}

/** Reads from a physical slot as a standby does, and tells the server which transaction id its queries need. */
export class SlotReader {
  readonly #client: pg.Client

  private constructor(client: pg.Client) {
    this.#client = client
  }

  static async open(url: string, slot: string): Promise<SlotReader> {
    const client = new pg.Client({ connectionString: url, replication: 'true' } as pg.ClientConfig)
    client.on('error', () => undefined)
    await client.connect()
    const reader = new SlotReader(client)
    const { rows } = await client.query('IDENTIFY_SYSTEM')
    const started = new Promise<void>((resolve) => reader.#connection.once('replicationStart', resolve))
    reader.#connection.query(`START_REPLICATION SLOT ${slot} PHYSICAL ${rows[0].xlogpos}`)
    await started
    return reader
  }

  /** The message of `hot_standby_feedback`. */
  async sendFeedback(xid: string): Promise<void> {
    const epochModulus = 2n ** 32n
    const message = Buffer.alloc(25)
    message.write('h')
    message.writeBigInt64BE(0n, 1)
    message.writeUInt32BE(Number(BigInt(xid) % epochModulus), 9)
    message.writeUInt32BE(Number(BigInt(xid) / epochModulus), 13)
    this.#connection.sendCopyFromChunk(message)
  }

  async close(): Promise<void> {
    await this.#client.end()
  }

  get #connection(): ReplicationConnection {
    return (this.#client as unknown as { readonly connection: ReplicationConnection }).connection
  }
}
