import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { Kafka, logLevel } from 'kafkajs'
import { expect } from 'vitest'
import { killInTurn, settle } from './attacks.js'
import type { Point } from './points.js'
import { type LabServers, RelayLab } from './relay-lab.js'
import type { RelayProcess } from './relay-process-handle.js'

/** A lab whose database went back behind messages that were sent since, and has committed others. */
export async function openDiverged(servers: LabServers, shards: number): Promise<RelayLab> {
  const lab = await RelayLab.open(servers)
  await lab.write()
  await lab.send({ shards })
  await lab.write()
  await lab.goBackAfter(() => lab.send())
  await lab.write()
  return lab
}

/** A lab whose relay is called by another name from now on. */
async function openRenamed(servers: LabServers): Promise<RelayLab> {
  const lab = await RelayLab.open(servers)
  await lab.write()
  await lab.send()
  await lab.write()
  lab.name = `${lab.name}-renamed`
  return lab
}

/** What is in the outbox is what the log does not have: what an adoption that nobody interrupts comes to. */
export async function expectSettled(lab: RelayLab): Promise<void> {
  const logged = new Set((await lab.logged()).map(({ id }) => id))
  const unsent = (await lab.committed()).filter(({ id }) => !logged.has(id)).map(({ id }) => id)
  expect((await lab.idsInOutbox()).sort()).toEqual(unsent.sort())
}

/** Lets a relay go on under load, and compares database and log. */
export async function goOn(lab: RelayLab, relay: RelayProcess = lab.startRelay()): Promise<void> {
  await lab.write(30)
  await settle(lab, lab.startWriters(), relay)
}

interface Attack {
  readonly points: readonly Point[]
  readonly shards: number
}

/** Adoptions of a database that went back are killed at `points`, one behind the other; a last one is run. */
export async function killAndAdopt(servers: LabServers, { points, shards }: Attack): Promise<void> {
  await using lab = await openDiverged(servers, shards)
  await killInTurn(points, (fault) => lab.startAdopt({ fault }))
  expect(await lab.adopt()).toMatch(/^(adopted|agreed)$/)
  await expectSettled(lab)
  await goOn(lab)
}

/** The same of some that keep the cursor, for a relay of another name. */
export async function killAndKeep(servers: LabServers, points: readonly Point[]): Promise<void> {
  await using lab = await openRenamed(servers)
  await killInTurn(points, (fault) => lab.startAdopt({ fault, keepCursor: true }))
  expect(await lab.adopt({ keepCursor: true })).toMatch(/^(adopted|agreed)$/)
  await goOn(lab)
}

/** An adoption stands still at `point`. A second one adopts, a relay goes on; then the first one wakes up. */
export async function adoptTwice(servers: LabServers, { point, occurrence }: Point): Promise<void> {
  await using lab = await openDiverged(servers, 1)
  const first = lab.startAdopt({ fault: { point, occurrence, signal: 'SIGSTOP' } })
  await first.reached()
  expect(await lab.adopt()).toMatch(/^(adopted|agreed)$/)
  await expectSettled(lab)
  const relay = lab.startRelay()
  await relay.event('batch:published')
  first.signal('SIGCONT')
  await first.exited
  await goOn(lab, relay)
}

/** A relay of the original stands still at `point` while its copy is adopted. A relay of the copy goes on; then it wakes up. */
export async function adoptBesideZombie(servers: LabServers, { point, occurrence }: Point): Promise<void> {
  await using lab = await RelayLab.open(servers)
  await lab.write()
  await lab.send()
  // More than one batch: where all are in the one that the zombie commits, neither it nor the relay of the copy has anything to do.
  await lab.write(30)
  let zombie: RelayProcess | undefined
  await lab.goBackAfter(async () => {
    zombie = lab.startRelay({ fault: { point, occurrence, signal: 'SIGSTOP' } })
    await zombie.reached()
  })
  expect(await lab.adopt()).toMatch(/^(adopted|agreed)$/)
  await expectSettled(lab)
  const relay = lab.startRelay()
  await relay.event('batch:published')
  zombie?.signal('SIGCONT')
  await zombie?.told(
    ({ type, ...rest }) => type === 'event' && 'data' in rest && rest.data.state === 'halted',
  )
  await goOn(lab, relay)
}

/**
 * When an adoption has fenced a shard of the former name, and has not yet read how far it had come, a relay of that name fences it:
 * it was on its way to that when its lease was taken.
 */
export async function adoptBesideOpening(servers: LabServers): Promise<void> {
  await using lab = await openRenamed(servers)
  const formerName = lab.name.replace(/-renamed$/, '')
  const fault = { point: 'publisher.fence:after', occurrence: 1, signal: 'SIGSTOP' } as const
  const adopting = lab.startAdopt({ keepCursor: true, fault })
  await adopting.reached()
  await fenceOnce(servers, formerName)
  adopting.signal('SIGCONT')
  expect(await adopting.exited).toEqual({ code: 0, signal: null })
  await goOn(lab)
}

async function fenceOnce({ kafkaBrokers }: LabServers, relay: string): Promise<void> {
  const kafka = new Kafka({ clientId: relay, brokers: [...kafkaBrokers], logLevel: logLevel.NOTHING })
  const publisher = kafkajsPublisher(kafka)
  await publisher.connect(relay)
  await (await publisher.fence(relay, 0)).close()
  await publisher.close()
}
