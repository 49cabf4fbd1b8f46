import { partitionInArn, partitionNames, partitionOf, regions } from '#src/aws-model/partitions'
import type { AuthenticationSettings } from '#src/authentication/authenticator'
import { isRole, sourcesOf, type CredentialDefinition } from '#src/credentials/definition'
import type { Environment } from '#src/environments/environment'
import type { CacheSettings } from './cache.ts'
import { similarNames } from './similar-names.ts'
import type { ConfigIssue } from './issues.ts'

interface Declared {
  readonly environments: ReadonlyMap<string, Environment>
  readonly credentials: ReadonlyMap<string, CredentialDefinition>
  readonly cache: Pick<CacheSettings, 'events'>
}

/** A configuration key whose value is valid in only one AWS partition. */
interface Place {
  readonly key: string
  /** The partition, such as `aws-cn`; undefined if the value belongs to no known partition. */
  readonly partition: string | undefined
}

/** Yields an issue for each region that AWS does not have. */
export function* regionIssues ({ environments, credentials, cache: { events }, authentication: { aws } }: Declared & {
  readonly authentication: Pick<AuthenticationSettings, 'aws'>
}): Generator<ConfigIssue> {
  for (const { name, region, replicaRegions } of environments.values()) {
    yield* unknownRegions(`environments.${name}.region`, [region])
    yield* unknownRegions(`environments.${name}.replicaRegions`, replicaRegions)
  }
  for (const [id, { region }] of credentials) yield* unknownRegions(`credentials.${id}.region`, region === undefined ? [] : [region])
  for (const [index, { region }] of events.entries()) yield* unknownRegions(`cache.events.${index}.region`, [region])
  yield* unknownRegions('authentication.aws.regions', aws?.regions ?? [])
}

function* unknownRegions (key: string, names: readonly string[]): Generator<ConfigIssue> {
  for (const name of names) {
    if (partitionOf(name) !== undefined) continue
    yield { key, found: name, expected: `a region of AWS, such as ${similarNames(name, regions).join(', ')}` }
  }
}

/** Yields an issue for each credential, and for each environment, that would have to be in two partitions at once. */
export function* partitionIssues (declared: Declared): Generator<ConfigIssue> {
  const { environments, credentials } = declared
  for (const [id, definition] of credentials) yield* unknownPartition(id, definition)
  for (const environment of environments.values()) yield* differences([...placesOfEnvironment(environment)])
  const found = Array.from(credentials.keys()).flatMap((id) => [...differences([...placesOfCredential(declared, id)])])
  // Removes duplicates. If neither a role nor its source is in the partition of the role's environment, both yield the same
  // issue.
  yield* new Map(found.map((issue) => [JSON.stringify(issue), issue])).values()
}

function* unknownPartition (id: string, definition: CredentialDefinition): Generator<ConfigIssue> {
  const partition = isRole(definition) ? partitionInArn(definition.roleArn) : undefined
  if (partition === undefined || partitionNames.includes(partition)) return
  yield { key: `credentials.${id}.roleArn`, found: `the partition ${partition}`, expected: `one of: ${partitionNames.join(', ')}` }
}

/** Yields an issue for each place that is not in the partition of the first place. Ignores unknown partitions. */
function* differences (places: readonly Place[]): Generator<ConfigIssue> {
  const [first, ...others] = places.filter(({ partition = '' }) => partitionNames.includes(partition))
  for (const { key, partition } of others) {
    if (partition === first?.partition) continue
    yield { key, found: `the partition ${partition}`, expected: `${first?.partition}, the partition of ${first?.key}` }
  }
}

function* placesOfEnvironment ({ name, region, replicaRegions, kmsKeyId }: Environment): Generator<Place> {
  yield { key: `environments.${name}.region`, partition: partitionOf(region) }
  for (const replica of replicaRegions) yield { key: `environments.${name}.replicaRegions`, partition: partitionOf(replica) }
  if (kmsKeyId !== undefined) yield { key: `environments.${name}.kmsKeyId`, partition: partitionInArn(kmsKeyId) }
}

/**
 * Yields the places that use a credential, directly or as a source of a role. All of them must be in one partition, because keys
 * are valid in only one.
 */
function* placesOfCredential ({ environments, credentials, cache: { events } }: Declared, id: string): Generator<Place> {
  const users = Array.from(credentials).filter(([user]) => [...sourcesOf(credentials, user)].includes(id))
  for (const [user, definition] of users) {
    if (isRole(definition)) yield { key: `credentials.${user}.roleArn`, partition: partitionInArn(definition.roleArn) }
    if (definition.region !== undefined) yield { key: `credentials.${user}.region`, partition: partitionOf(definition.region) }
  }
  for (const { name, region, allowedCredentials } of environments.values()) {
    if (users.some(([user]) => allowedCredentials.includes(user))) yield { key: `environments.${name}.region`, partition: partitionOf(region) }
  }
  for (const [index, { region, credential }] of events.entries()) {
    if (users.some(([user]) => user === credential)) yield { key: `cache.events.${index}.region`, partition: partitionOf(region) }
  }
}
