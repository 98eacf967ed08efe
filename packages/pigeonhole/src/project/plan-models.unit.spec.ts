import { renderModels } from '@pigeonhole/postgres'
import { describe, expect, it } from 'vitest'
import { type ModelInput, planModels } from './plan-models.js'

const models = await renderModels()
const datasource = 'datasource db {\n  provider = "postgresql"\n  schemas = ["public", "pigeonhole"]\n}\n'
const own = 'model invoice {\n  id String @id\n  @@schema("public")\n}\n'

function plan(isFolder: boolean, input: Partial<ModelInput> = {}) {
  const project = { schema: { path: isFolder ? '/app/schema' : '/app/schema.prisma', isFolder } }
  return planModels({
    project,
    models,
    schema: 'pigeonhole',
    schemaText: datasource,
    current: undefined,
    ...input,
  })
}

describe('a plan of models', () => {
  it('gives them a file of their own in a folder', () => {
    expect(plan(true)).toEqual({ path: '/app/schema/pigeonhole.prisma', text: models, state: 'new' })
    expect(plan(true, { current: models }).state).toBe('present')
    expect(plan(true, { current: 'model Older {}' })).toMatchObject({ text: models, state: 'changed' })
  })

  it('gives them a part of their own in a single file, and leaves the rest of it as it is', () => {
    const first = plan(false, { current: datasource })
    expect(first.state).toBe('new')
    expect(first.text.startsWith(datasource)).toBe(true)
    expect(first.text).toContain('model PigeonholeOutboxMessage')
    const grown = `${first.text}\n${own}`
    expect(plan(false, { current: grown })).toMatchObject({ text: grown, state: 'present' })
    const outdated = grown.replace('model PigeonholeOutboxMessage', 'model Older')
    expect(plan(false, { current: outdated })).toMatchObject({ text: grown, state: 'changed' })
  })

  it.each([
    [
      'lists no schemas',
      datasource.replace(/ {2}schemas.*\n/, ''),
      /\["public", "pigeonhole"\].*@@schema\("public"\)/,
    ],
    [
      'lists others',
      datasource.replace('"pigeonhole"', '"sales"'),
      /\["public", "sales", "pigeonhole"\] in it\. /,
    ],
    ['lists it in a comment alone', datasource.replace('schemas', '// schemas'), /schemas = /],
  ])('says what to write where the datasource %s', (_, schemaText, says) => {
    const refused = expect.objectContaining({
      code: 'PRISMA_PROJECT_INVALID',
      message: expect.stringMatching(says),
    })
    expect(() => plan(true, { schemaText })).toThrow(refused)
  })
})
