import { isOver, missing } from './play.js'
import type { World } from './world.js'

/** What is wrong with a history's end; empty when nothing is. */
export function findViolations(world: World): string[] {
  const sent = world.broker.log.map(({ id }) => id)
  return [
    ...duplicates(sent),
    ...disorder(world, sent),
    ...invented(world, sent),
    ...world.unwarrantedHalts.map((code) => `halted for nothing: ${code}`),
    ...stuck(world),
    ...discarded(world, sent),
    ...sent.filter((id) => world.confirmedElsewhere.has(id)).map((id) => `sent to both clusters: ${id}`),
    ...world.parkedForNothing.map((id) => `parked for nothing: ${id}`),
    ...world.surprises.map((error) => `no error of ours: ${error}`),
  ]
}

function duplicates(sent: readonly string[]): string[] {
  return sent.filter((id, place) => sent.indexOf(id) !== place).map((id) => `duplicate: ${id}`)
}

// Messages of one key lie in the log in the order in which they were published.
function disorder({ writers }: World, sent: readonly string[]): string[] {
  const last = new Map<number, number>()
  return sent.flatMap((id) => {
    const message = writers.messages.get(id)
    if (!message) return [`invented: ${id}`]
    const number = Number(id.slice(1))
    const before = last.get(message.key) ?? 0
    last.set(message.key, Math.max(number, before))
    return number < before ? [`out of order: ${id} behind m${before}`] : []
  })
}

// What a failover or a restored backup takes back may have been sent: then the relay must have seen it.
function invented(world: World, sent: readonly string[]): string[] {
  if (world.halts.length > 0 || world.isToldOfLoss) return []
  const committed = new Set(world.servers.flatMap((server) => server.committed))
  return sent.filter((id) => !committed.has(id)).map((id) => `invented: ${id}`)
}

// What a failover or a backup brings back may be sent after all.
function discarded(world: World, sent: readonly string[]): string[] {
  if (world.warranted.size > 0 || world.isAdopted || world.isToldOfLoss) return []
  return sent.filter((id) => world.discarded.has(id)).map((id) => `discarded, and sent: ${id}`)
}

function stuck(world: World): string[] {
  if (world.clone || (!world.isAdopted && isOver(world))) return []
  return missing(world).map((id) => `lost or stuck: ${id}`)
}
