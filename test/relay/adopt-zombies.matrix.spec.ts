import { describe, expect, inject, it } from 'vitest'
import {
  adoptBesideOpening,
  adoptBesideZombie,
  adoptTwice,
  expectSettled,
  goOn,
  openDiverged,
} from './adopt-attacks.js'
import { adoptPausePoints, zombiePoints } from './adopt-points.js'
import { settle } from './attacks.js'
import { RelayLab } from './relay-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('an adoption loses, repeats, invents and reorders nothing, and comes to the same', {
  timeout: 180_000,
}, () => {
  it.each(adoptPausePoints)(
    'when another one is run while it stands still at $point ($occurrence)',
    (point) => adoptTwice(servers, point),
  )

  it('when several are run at once', async () => {
    await using lab = await openDiverged(servers, 1)
    const all = [lab.startAdopt(), lab.startAdopt(), lab.startAdopt()]
    await Promise.all(all.map(({ exited }) => exited))
    expect(await lab.adopt()).toMatch(/^(adopted|agreed)$/)
    await expectSettled(lab)
    await goOn(lab)
  })

  it.each(zombiePoints)('when a relay of the original wakes up at $point ($occurrence)', (point) =>
    adoptBesideZombie(servers, point),
  )

  it('when a relay of the former name was opening the shard, and fences it once more', () =>
    adoptBesideOpening(servers))

  it('when a relay of the former name is at work on three shards', async () => {
    await using lab = await RelayLab.open(servers)
    const former = lab.startRelay({ shards: 3 })
    const writers = lab.startWriters()
    await Promise.all([0, 1, 2].map((shard) => former.event('batch:published', { shard })))
    lab.name = `${lab.name}-renamed`
    expect(await lab.adopt({ keepCursor: true })).toBe('adopted')
    await former.event('shard:changed', { state: 'halted' })
    await settle(lab, writers, lab.startRelay())
  })
})
