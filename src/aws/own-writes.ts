import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { isProblem, Problem } from '#src/problems/problem'
import type { AwsCall } from './call.ts'
import { consistencyWindow, pause } from './eventual-consistency.ts'
import { areOldVersions, describesOldState, isErrorOfOldState, isLater, isOldPolicy, isOldValue } from './old-states.ts'
import { fromAwsName, toAwsName } from './names.ts'
import type { BatchResult, RecentlyWritten, SecretsPort, VersionSelector } from './port.ts'
import type { Fact, Facts, RecentWrites } from './recent-writes.ts'

/** The maximum time that AWS takes for a deletion without recovery, in milliseconds. */
const deletionWindow = 120_000

/** The time after a write during which AWS's lists may still show the old state, in milliseconds. AWS documents this time. */
const listWindow = 300_000

/**
 * Wraps a port so that this process sees what it has written. AWS is eventually consistent, so a read can show a state from
 * before a write that AWS has confirmed. If a reply contradicts a write of this process that is only seconds old, AWS is called
 * again. After some seconds, a contradiction shows that somebody else has changed the secret. Lists are passed on unchanged,
 * because they can lag behind by several minutes; `listRecentlyWritten` returns the secrets that they may lack.
 *
 * @param writes the writes of this process, which `rememberWrites` records
 */
export function seeOwnWrites (port: SecretsPort, writes: RecentWrites): SecretsPort {
  /**
   * Repeats a read until its reply no longer contradicts a recent write.
   *
   * @param version the version to read; absent if the read is of the secret itself
   */
  async function read<Reply> (
    call: AwsCall, name: SecretName, ask: () => Promise<Reply>, isOld: (reply: Reply, facts: Facts) => boolean,
    version?: VersionSelector
  ): Promise<Reply> {
    for (let attempt = 0; ; attempt++) {
      const asked = writes.monotonic()
      const outcome = await ask().then((reply) => ({ reply }), (error: unknown) => ({ error }))
      const facts = writes.find(keyOf(call, name), consistencyWindow, asked)
      const isOutdated = 'error' in outcome ? isErrorOfOldState(outcome.error, facts, version) : isOld(outcome.reply, facts)
      if (!isOutdated || !await pause(call, attempt)) {
        if ('error' in outcome) throw notFoundIfDeleted(writes, call, name, outcome.error)
        return outcome.reply
      }
    }
  }

  const getSecretValue: SecretsPort['getSecretValue'] = async (call, name, version = {}) => read(
    call, name, async () => port.getSecretValue(call, name, version), (reply, facts) => isOldValue(reply, facts, version), version
  )

  return {
    ...port,
    getSecretValue,
    async batchGetSecretValue (call, request) {
      const asked = writes.monotonic()
      const page = await port.batchGetSecretValue(call, request)
      const items = await Promise.all(page.items.map(async (item): Promise<BatchResult> => {
        const facts = writes.find(keyOf(call, item.name), consistencyWindow, asked)
        const isOld = 'problem' in item ? isErrorOfOldState(item.problem, facts, {}) : isOldValue(item.secret, facts)
        const isGone = 'problem' in item && isBeingDeleted(writes, call, item.name, item.problem)
        if (!isOld && !isGone) return item
        return getSecretValue(call, item.name).then((secret) => ({ name: item.name, secret }), (error: unknown) => {
          if (error instanceof Problem) return { name: item.name, problem: error }
          throw error
        })
      }))
      return { ...page, items }
    },
    async describeSecret (call, name) {
      const secret = await read(call, name, async () => port.describeSecret(call, name), describesOldState)
      const gone = deletionOf(writes, call, name)
      if (gone !== undefined && secret.state === 'pending-deletion' && !isLater(secret.createdDate, gone)) throw new Problem('secret-not-found')
      return secret
    },
    getResourcePolicy: async (call, name) => read(call, name, async () => port.getResourcePolicy(call, name), isOldPolicy),
    validateResourcePolicy: async (call, name, policy) =>
      read(call, name, async () => port.validateResourcePolicy(call, name, policy), () => false),
    async listSecretVersionIds (call, name, request) {
      const page = await read(call, name, async () => port.listSecretVersionIds(call, name, request), areOldVersions(request))
      const gone = deletionOf(writes, call, name)
      if (gone !== undefined && page.items.length > 0 && !page.items.some(({ createdDate }) => isLater(createdDate, gone))) {
        throw new Problem('secret-not-found')
      }
      return page
    },
    listRecentlyWritten (call) {
      const { environment } = call
      return [...writes.findAll(placeOf(call), listWindow)].flatMap(([awsName, facts]) => {
        const name = fromAwsName(environment, awsName)
        const states = facts.get('state')?.values ?? []
        const state = states.length === 1 ? states[0] as RecentlyWritten['state'] : undefined
        return name === undefined ? [] : compact({ name, state })
      })
    },
    mayBeCurrent (call, name, versionId) {
      const { values = [] } = writes.find(keyOf(call, name), consistencyWindow).get('label AWSCURRENT') ?? {}
      return values.length > 1 && values.includes(versionId)
    }
  }
}

/** Returns this process's forced deletion of a secret, if AWS has confirmed it but may not have finished it. */
function deletionOf (writes: RecentWrites, call: AwsCall, name: SecretName): Fact | undefined {
  const state = writes.find(keyOf(call, name), deletionWindow).get('state')
  return state?.values.every((value) => value === 'gone') === true ? state : undefined
}

/** Returns true if the cause of AWS's error is a forced deletion by this process that AWS has not finished. */
export const isBeingDeleted = (writes: RecentWrites, call: AwsCall, name: SecretName, error: unknown): error is Problem =>
  isProblem(error, 'secret-pending-deletion') && deletionOf(writes, call, name) !== undefined

/** Returns `secret-not-found` if AWS has not finished a forced deletion by this process. Otherwise, returns AWS's error. */
export const notFoundIfDeleted = (writes: RecentWrites, call: AwsCall, name: SecretName, error: unknown): unknown =>
  isBeingDeleted(writes, call, name, error) ? asNotFound(error) : error

/**
 * Returns the problem for a secret that AWS is deleting without recovery: `secret-not-found`, because the secret can't be
 * restored, and its name will soon be free. A restore fails with `secret-pending-deletion` only because of such a deletion.
 */
export const asNotFound = ({ options: { fault: _, ...options } }: Problem): Problem => new Problem('secret-not-found', options)

/**
 * Returns the key under which a secret's writes are remembered. It contains the credential, because calls with another credential
 * may concern another account.
 */
export const keyOf = (call: AwsCall, name: SecretName): string => placeOf(call) + toAwsName(call.environment, name)

const placeOf = ({ environment, credentialId }: AwsCall): string => `${credentialId} ${environment.region} `
