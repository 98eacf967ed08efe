import { AssignerProtocol } from 'kafkajs'

/** A member of a consumer group. */
export interface ReadingMember {
  readonly groupId: string
  readonly clientId: string
  readonly topics: readonly string[]
}

/** What is asked of the broker that coordinates a group. */
export interface GroupBroker {
  listGroups(): Promise<{
    readonly groups: readonly { readonly groupId: string; readonly protocolType: string }[]
  }>
  describeGroups(request: { readonly groupIds: readonly string[] }): Promise<{
    readonly groups: readonly {
      readonly groupId: string
      readonly members: readonly { readonly clientId: string; readonly memberAssignment: Buffer }[]
    }[]
  }>
}

/** Most groups of a broker that are looked at. */
const lookedAt = 1_000

/** The members of the groups that this broker coordinates, with the topics that they are reading now. */
export async function readMembers(broker: GroupBroker): Promise<ReadingMember[]> {
  const { groups: listed } = await broker.listGroups()
  const groupIds = listed
    .filter(({ protocolType }) => protocolType === 'consumer')
    .map(({ groupId }) => groupId)
  if (groupIds.length === 0) return []
  const { groups } = await broker.describeGroups({ groupIds: groupIds.slice(0, lookedAt) })
  return groups.flatMap(({ groupId, members }) =>
    members.map(({ clientId, memberAssignment }) => ({
      groupId,
      clientId,
      topics: topicsOf(memberAssignment),
    })),
  )
}

function topicsOf(assignment: Buffer): string[] {
  // A member that has not been given anything yet.
  if (assignment.length === 0) return []
  return Object.keys(AssignerProtocol.MemberAssignment.decode(assignment)?.assignment ?? {})
}
