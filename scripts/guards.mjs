// @ts-check
// The guards and rules that the promises rest on. scripts/break-guards.mjs takes out each in turn and expects the test
// that is named with it to fail. A new guard comes with an entry here.
import { adoptGuards } from './guards/adopt.mjs'
import { balanceGuards } from './guards/balance.mjs'
import { carefulGuards } from './guards/careful.mjs'
import { cleaningGuards } from './guards/cleaning.mjs'
import { commandGuards } from './guards/commands.mjs'
import { deadlineGuards } from './guards/deadlines.mjs'
import { doctorGuards } from './guards/doctor.mjs'
import { httpGuards } from './guards/http.mjs'
import { idRetentionGuards } from './guards/id-retention.mjs'
import { idempotencyGuards } from './guards/idempotency.mjs'
import { idempotentFetchGuards } from './guards/idempotent-fetch.mjs'
import { inboxGuards } from './guards/inbox.mjs'
import { inboxParkingGuards } from './guards/inbox-parking.mjs'
import { logGuards } from './guards/logs.mjs'
import { modelGuards } from './guards/model.mjs'
import { monitorGuards } from './guards/monitor.mjs'
import { openingGuards } from './guards/opening.mjs'
import { operatorGuards } from './guards/operators.mjs'
import { pageGuards } from './guards/page.mjs'
import { parkingGuards } from './guards/parking.mjs'
import { pipelineGuards } from './guards/pipeline.mjs'
import { captureGuards } from './guards/postgres-capture.mjs'
import { postgresRelayGuards } from './guards/postgres-relay.mjs'
import { postgresTransactionGuards } from './guards/postgres-transaction.mjs'
import { prismaGuards } from './guards/prisma.mjs'
import { publisherGuards } from './guards/publisher.mjs'
import { readCommittedGuards } from './guards/read-committed.mjs'
import { rewindGuards } from './guards/rewind.mjs'
import { runInboxGuards } from './guards/run-inbox.mjs'
import { shardGuards } from './guards/shard.mjs'
import { mapGuards } from './guards/shards.mjs'
import { silentBrokerGuards } from './guards/silent-brokers.mjs'
import { toldApartGuards } from './guards/told-apart.mjs'
import { tracingGuards } from './guards/tracing.mjs'
import { unanalyzedGuards } from './guards/unanalyzed.mjs'
import { workersToldApartGuards } from './guards/workers-told-apart.mjs'

/**
 * A change of one file.
 * @typedef {object} Change
 * @property {string} file
 * @property {string} find Text that is in the file once.
 * @property {string} replace What takes its place: a program that compiles, and lacks the guard.
 */

/**
 * A guard, as a change that takes it out of one file, and the test that fails then.
 * @typedef {object} OwnEntry
 * @property {string} name What holds while it is there.
 * @property {readonly Change[]} [also] What stands behind it, and goes with it: either alone would do.
 * @property {string} spec
 * @property {string} test Part of the full name of one test, or of several.
 */

/** @typedef {Change & OwnEntry} GuardEntry */

/** @typedef {GuardEntry & { part: string }} Guard */

/**
 * @param {string} part
 * @param {readonly GuardEntry[]} entries
 * @returns {Guard[]}
 */
function of(part, entries) {
  return entries.map((entry) => ({ part, ...entry }))
}

/** @type {readonly Guard[]} */
export const guards = [
  ...of('opening', openingGuards),
  ...of('adopt', adoptGuards),
  ...of('pipeline', pipelineGuards),
  ...of('cleaning', cleaningGuards),
  ...of('parking', parkingGuards),
  ...of('shard', shardGuards),
  ...of('map of shards', mapGuards),
  ...of('balance', balanceGuards),
  ...of('model', modelGuards),
  ...of('inbox', inboxGuards),
  ...of('id retention', idRetentionGuards),
  ...of('inbox parking', inboxParkingGuards),
  ...of('unanalyzed', unanalyzedGuards),
  ...of('told apart', toldApartGuards),
  ...of('workers told apart', workersToldApartGuards),
  ...of('deadlines', deadlineGuards),
  ...of('capture', captureGuards),
  ...of('postgres relay', postgresRelayGuards),
  ...of('postgres transaction', postgresTransactionGuards),
  ...of('prisma', prismaGuards),
  ...of('idempotency', idempotencyGuards),
  ...of('commands', commandGuards),
  ...of('http', httpGuards),
  ...of('idempotent fetch', idempotentFetchGuards),
  ...of('monitor', monitorGuards),
  ...of('doctor', doctorGuards),
  ...of('logs', logGuards),
  ...of('publisher', publisherGuards),
  ...of('read_committed', readCommittedGuards),
  ...of('run-inbox', runInboxGuards),
  ...of('silent brokers', silentBrokerGuards),
  ...of('rewind', rewindGuards),
  ...of('operators', operatorGuards),
  ...of('careful', carefulGuards),
  ...of('tracing', tracingGuards),
  ...of('page', pageGuards),
]
