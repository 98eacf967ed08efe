import { expect, it } from 'vitest'
import { turns } from './turns.js'

const points = ['a:before', 'a:committed', 'b:before', 'b:after', 'c:before', 'c:after', 'd:before'].map(
  (point) => ({ point, occurrence: point.startsWith('d') ? 2 : 1 }),
)

it('divides points in their order, and leaves none out', () => {
  const divided = turns(points, { most: 3, alone: /^b:after$|\(2\)/ })
  expect(divided.map(([name]) => name)).toEqual([
    'a:before, a:committed',
    'b:before',
    'b:after',
    'c:before, c:after',
    'd:before (2)',
  ])
  expect(divided.flatMap(([, turn]) => turn)).toEqual(points)
})

it('ends a turn behind so many points', () => {
  expect(turns(points.slice(2, 6), { most: 3 }).map(([, turn]) => turn.length)).toEqual([3, 1])
})
