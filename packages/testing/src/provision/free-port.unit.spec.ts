import { expect, it } from 'vitest'
import { freePort } from './free-port.js'

it('gives no port twice, also to those who ask before anybody listens', async () => {
  const ports = await Promise.all(Array.from({ length: 800 }, () => freePort()))
  expect(new Set(ports).size).toBe(ports.length)
})
