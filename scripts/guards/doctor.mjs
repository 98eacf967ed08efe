// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const doctor = 'packages/pigeonhole/src/doctor'
const postgresInt = { spec: 'packages/pigeonhole/src/commands/doctor-postgres.int.spec.ts' }
const kafkaInt = { spec: 'packages/pigeonhole/src/commands/doctor-kafka.int.spec.ts' }
const kafkaUnit = { spec: `${doctor}/kafka/checks/kafka-checks.unit.spec.ts` }
const postgresUnit = { spec: `${doctor}/postgres/checks/postgres-checks.unit.spec.ts` }

/** What the doctor sees, and what it takes care not to say or do. @type {readonly GuardEntry[]} */
export const doctorGuards = [
  {
    ...kafkaInt,
    name: 'no checkpoint topic is created in place of one that was lost',
    file: 'packages/pigeonhole/src/commands/doctor.ts',
    find: 'facts.outbox ? !facts.outbox.hasSent : databaseUrl === undefined',
    replace: 'facts.outbox ? true : databaseUrl === undefined',
    test: 'creates no checkpoint topic in place of one that was lost',
  },
  {
    ...kafkaUnit,
    name: 'settings that may not be looked at are not taken for right',
    file: `${doctor}/kafka/topics.ts`,
    find: 'if (findings.length > 0 || hidden.length === 0) return findings',
    replace: 'if (findings.length > 0 || hidden.length >= 0) return findings',
    test: 'says that it could not look',
  },
  {
    ...kafkaUnit,
    name: 'one broker is told once',
    file: `${doctor}/kafka/checks/replication.ts`,
    find: '    if (isSingle(facts)) return oneBroker\n',
    replace: '    if (isSingle(facts) && facts.topics.length === 0) return oneBroker\n',
    test: 'say of one broker, once, that it is one, and no more',
  },
  {
    ...postgresUnit,
    name: 'tables that are not there are not taken for right',
    file: `${doctor}/postgres/checks/logged-tables.ts`,
    find: "    if (schemaVersion === null) return new Inapplicable('there are no tables')\n",
    replace: "    if (schemaVersion === -1) return new Inapplicable('there are no tables')\n",
    test: 'say nothing of tables that are not there',
  },
  {
    ...postgresInt,
    name: 'a policy hides nothing from a superuser, and rows from others',
    file: `${doctor}/postgres/read-role-facts.ts`,
    find: 'AND (relforcerowsecurity OR NOT pg_has_role(role.oid, relowner, ',
    replace: 'AND (relforcerowsecurity AND NOT pg_has_role(role.oid, relowner, ',
    test: 'names what is wrong with the tables, in SQL that mends it',
  },
  {
    ...postgresInt,
    name: 'a setting of another role is found, too',
    file: `${doctor}/postgres/checks/synchronous-commit.ts`,
    find: "name === 'synchronous_commit' && value === 'off')",
    replace: "name === 'synchronous_commit' && value === 'no')",
    test: 'ends with 5 where there are risks alone',
  },
  {
    spec: 'test/doctor/pooler.full.spec.ts',
    name: 'two clients in one session of the server are a pooler in transaction mode',
    file: `${doctor}/postgres/probe-pooler.ts`,
    find: "if (held === before) return 'transaction'",
    replace: "if (held === before && round > 99) return 'transaction'",
    test: 'tells transaction mode where the pooler has one session',
  },
  {
    spec: 'test/doctor/access.full.spec.ts',
    name: 'whether a transactional id may be written to is asked without a producer',
    file: 'packages/kafkajs/src/inspect/transactional-access.ts',
    find: 'return refusal ? !isAccessRefusal(refusal) : undefined',
    replace: 'return refusal ? !isAccessRefusal({ ...refusal, type: "" }) : undefined',
    test: 'names the ACLs that are needed and not there',
  },
]
