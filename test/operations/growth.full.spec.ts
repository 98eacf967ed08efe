import { expect, it } from 'vitest'
import { RunbookLab } from './runbook-lab.js'
import { soon } from './watched-service.js'

it('a transaction that is left open keeps the outbox from being emptied: it is found and ended, and the space comes back', async () => {
  await using lab = await RunbookLab.open()
  const worker = lab.startWorker()
  await worker.line({ state: 'publishing' })
  const forgotten = await lab.pool.connect()
  forgotten.on('error', () => undefined) // It is ended.
  await forgotten.query(`SET application_name = 'report'; BEGIN; SELECT FROM pigeonhole.outbox_message`)
  const { rows } = await forgotten.query('SELECT pg_backend_pid()::text AS pid')
  await lab.publish({ key: 'order-1', value: 'one' })
  // A partition is closed when it is a minute old.
  await lab.pool.query(`UPDATE pigeonhole.outbox_ring SET opened_at = opened_at - interval '2 minutes'`)
  await worker.line({ message: 'published messages cannot be removed for now' })

  const walk = lab.shell.section('The outbox grows')
  await walk.step('pigeonhole status')
  expect(await walk.step('SELECT pid')).toMatch(
    new RegExp(` ${rows[0]?.pid} .* report .* idle in transaction`),
  )
  walk.fillIn({ PID: rows[0]?.pid })
  await walk.step('SELECT pg_terminate_backend')
  await soon(() => worker.metric('pigeonhole_relay_truncated_total{shard="0"}'), 60_000).toBeGreaterThan(0)
  expect(await walk.step('SELECT relname')).toContain('outbox_message_0')
  walk.end()
  forgotten.release(true)
}, 240_000)
