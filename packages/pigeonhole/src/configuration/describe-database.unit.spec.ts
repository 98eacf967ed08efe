import { expect, it } from 'vitest'
import { describeDatabase } from './describe-database.js'

it.each([
  ['postgres://user:secret@host:5432/shop?password=secret', 'host:5432/shop'],
  ['postgresql://host/shop', 'host/shop'],
])('a database is described without its credentials: %s', (url, description) => {
  expect(describeDatabase(url)).toBe(description)
})
