import type { Relay } from '@pigeonhole/core'
import { errorFields } from './error-fields.js'
import type { Logger } from './logger.js'
import { remedyFor } from './remedy.js'

/** Writes a line for each event of a relay: what happens all the time as debug, changes as info, trouble as warn. */
export function logRelayEvents(relay: Pick<Relay, 'on'>, logger: Logger): void {
  relay.on('shard:changed', ({ shard, state, error }) => {
    if (state !== 'halted') return logger.info({ shard, state }, `shard is ${state}`)
    logger.error(
      { shard, state, ...errorFields(error), remedy: remedyFor(error) },
      'shard has halted: nothing is sent',
    )
  })
  relay.on('map:read', ({ shards, configured }) => {
    const fields = { shards: shards.length, configured }
    if (shards.length === configured)
      return logger.info(fields, 'the outbox has as many shards as configured')
    logger.warn(
      { ...fields, remedy: `pigeonhole reshard --shards ${configured} changes the outbox` },
      'the outbox has another number of shards than configured: the relay follows the outbox',
    )
  })
  relay.on('lease:taken', (data) => logger.info(data, 'lease taken'))
  relay.on('lease:lost', (data) => logger.warn(data, 'lease lost'))
  relay.on('shard:opened', (data) =>
    logger.info(data, data.genesis ? 'shard opened for the first time' : 'shard opened'),
  )
  relay.on('shard:reopening', ({ error, delayMs, ...data }) => {
    const fields = { ...data, delayMs: Math.round(delayMs), ...errorFields(error) }
    logger.warn({ ...fields, remedy: remedyFor(error) }, 'shard waits, and opens again')
  })
  relay.on('batch:prepared', (data) => logger.debug(data, 'batch prepared'))
  relay.on('batch:published', (data) => logger.debug(data, 'batch published'))
  relay.on('record:parked', ({ error, ...data }) =>
    logger.error(
      { ...data, ...errorFields(error), remedy: remedyFor(error) },
      'record refused: it is parked',
    ),
  )
  relay.on('messages:parked', (data) => logger.debug(data, 'messages parked behind others'))
  relay.on('messages:released', (data) => logger.info(data, 'parked messages sent'))
  relay.on('topic:paused', ({ error, delayMs, ...data }) => {
    const fields = { ...data, delayMs: Math.round(delayMs), ...errorFields(error) }
    logger.warn({ ...fields, remedy: remedyFor(error) }, 'topic takes nothing: it is paused')
  })
  relay.on('topic:resumed', (data) => logger.info(data, 'topic goes on'))
  relay.on('partition:truncated', (data) => logger.debug(data, 'space of published messages given back'))
  relay.on('cleaning:delayed', (data) => logger.warn(data, 'published messages cannot be removed for now'))
}
