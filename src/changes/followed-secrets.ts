import { secretNameOf } from '#src/aws/caching'
import type { AwsCall } from '#src/aws/call'
import type { Cache } from '#src/cache/cached-port'
import { getOrCreate } from '#src/collections/get-or-create'
import type { SecretName } from '#src/environments/names'
import { invalidRequest } from '#src/problems/problem'
import type { After } from '#src/scheduling/timeouts'
import { forEachInTurns } from '#src/scheduling/turns'

/** The secrets to follow: secrets with these names, and all secrets whose names begin with the prefix. */
export interface FollowedSelection {
  readonly names: readonly SecretName[]
  readonly namePrefix?: string
}

/** A stream that reports new versions to a caller. */
export interface Follower {
  /** Returns true if the caller may see the secret's current version. */
  readonly sees: (name: SecretName) => boolean
  /** Called when the current version of a secret becomes known, and whenever it changes. */
  readonly onChange: (name: SecretName) => void
}

/** The state of the followed secrets. */
export interface Following {
  /** The IDs of the current versions known so far; undefined for a secret that can't be read. */
  readonly versions: ReadonlyMap<SecretName, string | undefined>
  /** Returns true once the current version of each followed secret is known. */
  readonly isComplete: () => boolean
  /** Returns true if the selection has grown too large, so that not all of its secrets are followed. */
  readonly isTooLong: () => boolean
}

/** The state of the followed secrets, and a function that stops following them. */
export interface Followed {
  readonly following: Following
  readonly leave: () => void
}

/** The secrets that callers follow. Followers with the same caller and the same selection share a list of secrets. */
export interface FollowedSecrets {
  /**
   * Follows secrets until `leave` is called.
   *
   * @throws Problem `invalid-request` if the follower may see too many of the selected secrets
   * @throws Problem if the secrets can't be listed
   */
  readonly follow: (call: AwsCall, selection: FollowedSelection, follower: Follower) => Promise<Followed>
  /** Reports that a secret has been changed or created. @param secret its AWS name */
  readonly announce: (secret: string) => void
}

/** The dependencies of followed secrets. */
export interface FollowedContext {
  readonly watch: Cache['watch']
  /** Returns the names of the environment's secrets that begin with a prefix. */
  readonly list: (call: AwsCall, namePrefix: string) => Promise<readonly SecretName[]>
  readonly after: After
  /** Returns the milliseconds after which the secrets are listed again. */
  readonly listEvery: (call: AwsCall) => number
}

interface Group extends Following {
  readonly call: AwsCall
  readonly selection: FollowedSelection
  readonly followers: Set<Follower>
  readonly versions: Map<SecretName, string | undefined>
  /** The functions that end the watches of the followed secrets. */
  readonly watches: Map<SecretName, () => void>
  /** The names that AWS returned when the secrets were last listed. */
  listed: Promise<readonly SecretName[]>
  cancel?: () => void
}

/** The maximum number of secrets in a stream. Each of them stays in the cache and is renewed. */
const maximumSecrets = 1_000

export function createFollowedSecrets ({ watch, list, after, listEvery }: FollowedContext): FollowedSecrets {
  const groups = new Map<string, Group>()

  const keyOf = ({ environment, credentialId, callerId }: AwsCall, { names, namePrefix }: FollowedSelection): string =>
    JSON.stringify([environment, credentialId, callerId, names, namePrefix])

  const listFor = async (call: AwsCall, { namePrefix }: FollowedSelection): Promise<readonly SecretName[]> =>
    namePrefix === undefined ? [] : list(call, namePrefix)

  function begin (call: AwsCall, selection: FollowedSelection): Group {
    const versions = new Map<SecretName, string | undefined>()
    const watches = new Map<SecretName, () => void>()
    const group: Group = {
      call,
      selection,
      followers: new Set(),
      versions,
      watches,
      isComplete: () => versions.size === watches.size,
      isTooLong: () => watches.size > maximumSecrets,
      listed: listFor(call, selection)
    }
    if (selection.namePrefix !== undefined) scheduleList(group)
    return group
  }

  function watchIn (group: Group, name: SecretName): void {
    const { call, watches, versions, followers } = group
    if (watches.has(name) || group.isTooLong()) return
    // `watch` may call the listener at once, and the listener must find this entry.
    watches.set(name, () => undefined)
    watches.set(name, watch(call, name, (versionId) => {
      versions.set(name, versionId)
      for (const { onChange } of followers) onChange(name)
    }))
  }

  function scheduleList (group: Group): void {
    const next = (): void => { if (group.followers.size > 0) scheduleList(group) }
    group.cancel = after(listEvery(group.call), () => { listAgain(group).then(next, next) })
  }

  /**
   * Adds new secrets, and removes secrets that are gone. Never removes a readable secret, because AWS's list may not show it yet.
   */
  async function listAgain (group: Group): Promise<void> {
    const { call, selection, watches, versions, followers } = group
    const names = await listFor(call, selection)
    group.listed = Promise.resolve(names)
    const expected = new Set([...selection.names, ...names])
    for (const [name, end] of watches) {
      if (expected.has(name) || versions.get(name) !== undefined) continue
      end()
      watches.delete(name)
      versions.delete(name)
    }
    await forEachInTurns(names, (name) => {
      if (Array.from(followers).some(({ sees }) => sees(name))) watchIn(group, name)
    })
  }

  function leave (key: string, group: Group, follower: Follower): void {
    group.followers.delete(follower)
    if (group.followers.size > 0 || groups.get(key) !== group) return
    groups.delete(key)
    group.cancel?.()
    for (const end of group.watches.values()) end()
  }

  return {
    async follow ({ environment, credentialId, callerId }, selection, follower) {
      const call: AwsCall = { environment, credentialId, ...callerId !== undefined && { callerId } }
      const key = keyOf(call, selection)
      const group = getOrCreate(groups, key, () => begin(call, selection))
      group.followers.add(follower)
      try {
        const names = new Set([...selection.names, ...await group.listed])
        const seen: SecretName[] = []
        await forEachInTurns(names, (name) => { if (follower.sees(name)) seen.push(name) })
        if (seen.length > maximumSecrets) {
          throw invalidRequest({ in: 'query', pointer: '/namePrefix', message: `must NOT select more than ${maximumSecrets} secrets` })
        }
        for (const name of seen) watchIn(group, name)
      } catch (error) {
        leave(key, group, follower)
        throw error
      }
      return { following: group, leave: () => { leave(key, group, follower) } }
    },
    announce (secret) {
      for (const group of groups.values()) {
        const { call: { environment }, selection: { namePrefix }, followers, watches } = group
        const name = namePrefix === undefined ? undefined : secretNameOf({ environment }, secret)
        if (name === undefined || watches.has(name) || !name.startsWith(namePrefix ?? '')) continue
        if (Array.from(followers).some(({ sees }) => sees(name))) watchIn(group, name)
      }
    }
  }
}
