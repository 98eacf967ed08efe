import { type Admin, ConfigResourceTypes } from 'kafkajs'
import { expect } from 'vitest'

/** A setting of a topic, as a broker is told it. */
export interface TopicSetting {
  readonly topic: string
  readonly name: string
  readonly value: string
}

/** Changes a setting of a topic, and resolves once the broker goes by it: the controller answers before it has told the broker. */
export async function setTopic(admin: Admin, { topic, name, value }: TopicSetting): Promise<void> {
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic }
  const changed = { ...resource, configEntries: [{ name, value }] }
  await admin.alterConfigs({ validateOnly: false, resources: [changed] })
  const asked = { includeSynonyms: false, resources: [{ ...resource, configNames: [name] }] }
  const known = async (): Promise<string | undefined> =>
    (await admin.describeConfigs(asked)).resources[0]?.configEntries[0]?.configValue
  await expect.poll(known, { timeout: 30_000 }).toBe(value)
}
