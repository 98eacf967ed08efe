import { describe, expect, it } from 'vitest'
import { addresses, type Format, oneOf, postgresUrl, text, wholeNumber, yesOrNo } from './format.js'

const port = wholeNumber({ min: 0, max: 65_535 })
const anyUp = wholeNumber({ min: -1 })
const level = oneOf('info', 'warn')

describe('a format', () => {
  it.each<[Format<unknown>, string, unknown]>([
    [text, ' as it is ', ' as it is '],
    [yesOrNo, 'true', true],
    [yesOrNo, '1', true],
    [yesOrNo, 'false', false],
    [yesOrNo, '0', false],
    [level, 'warn', 'warn'],
    [port, '0', 0],
    [port, '65535', 65_535],
    [anyUp, '-1', -1],
    [addresses, 'kafka:9092', ['kafka:9092']],
    [addresses, 'a.b-c:1, [::1]:2', ['a.b-c:1', '[::1]:2']],
    [postgresUrl, 'postgres://u:p@h:5432/d', 'postgres://u:p@h:5432/d'],
    [postgresUrl, 'postgresql://h/d?sslmode=require', 'postgresql://h/d?sslmode=require'],
  ])('%o reads %j', (format, given, value) => {
    expect(format.read(given)).toEqual(value)
  })

  it.each<[Format<unknown>, string]>([
    [text, ''],
    [yesOrNo, 'yes'],
    [yesOrNo, 'TRUE'],
    [level, 'INFO'],
    [level, 'debug'],
    [port, '-1'],
    [port, '65536'],
    [port, '1.5'],
    [port, '1e3'],
    [port, '0x10'],
    [port, ' 1'],
    [anyUp, '9007199254740993'],
    [addresses, 'kafka'],
    [addresses, 'kafka:9092,'],
    [addresses, 'http://kafka:9092'],
    [addresses, 'ka fka:9092'],
    [postgresUrl, 'mysql://h/d'],
    [postgresUrl, 'prisma+postgres://h/d'],
    [postgresUrl, 'postgres://'],
    [postgresUrl, 'postgres://h:port/d'],
  ])('%o refuses %j', (format, given) => {
    expect(format.read(given)).toBeUndefined()
  })

  it.each([
    [port, 'a whole number from 0 to 65535'],
    [anyUp, 'a whole number from -1'],
    [level, 'one of info, warn'],
  ])('%o says its rule', (format, rule) => {
    expect(format.rule).toBe(rule)
  })
})
