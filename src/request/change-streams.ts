import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ConcurrencyLimiter } from '#src/admission/concurrency-limiter'
import type { Caller } from '#src/authentication/caller'
import type { Authorize } from '#src/authorization/decision'
import type { Action } from '#src/authorization/actions'
import type { SecretDecision } from '#src/audit/secret-outcome'
import type { Cache } from '#src/cache/cached-port'
import { changeEvents, type Change } from '#src/changes/events'
import type { FollowedSecrets, FollowedSelection } from '#src/changes/followed-secrets'
import type { SecretName } from '#src/environments/names'
import { heartbeatInterval } from '#src/event-streams/server-sent-events'
import { sendEvents } from '#src/http/event-stream'
import { onceClosed } from '#src/http/once-closed'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import type { CallerTurns } from '#src/scheduling/caller-turns'
import type { Pauses } from '#src/scheduling/pauses'
import type { Renewed } from './renew-decision.ts'

/** The dependencies of all streams. */
export interface ChangeStreamsContext {
  readonly limiter: ConcurrencyLimiter
  readonly pauses: Pauses
  readonly turns: Pick<CallerTurns, 'wait'>
  readonly followed: FollowedSecrets
  readonly isCached: Cache['keeps']
  readonly authorize: Authorize
  /** Repeats the request's initial checks. */
  readonly renew: (request: FastifyRequest) => Promise<Renewed>
}

/** The actions that reveal a secret's current version. Permission for one of them is enough. */
const seeActions = ['DescribeSecret', 'GetSecretValue'] as const
/** The actions that reveal the names of an environment's secrets. Permission for one of them is enough. */
const listActions = ['ListSecrets', 'BatchGetSecretValue'] as const

/**
 * Replies with a stream of changes to secrets.
 *
 * @throws Problem `cache-disabled` if the environment has no cache, because the cache detects changes
 * @throws Problem `forbidden` if the caller may not see one of the named secrets, or may not list the environment's secrets
 * @throws Problem `rate-limited` if the caller follows too many streams
 */
export async function sendChanges (
  context: ChangeStreamsContext, request: FastifyRequest, reply: FastifyReply, selection: FollowedSelection
): Promise<FastifyReply> {
  const { limiter, pauses, turns, followed, isCached, authorize, renew } = context
  const { caller, credentialId, environment, evidence, scope, headers: { 'last-event-id': lastEventId } } = request
  const { names, namePrefix } = selection
  const pending = new Set<SecretName>()
  let current: Caller = caller
  let wake = (): void => undefined

  /** Returns the decision on the first allowed action, or undefined if none is allowed. */
  const allowing = (actions: readonly Action[], name?: SecretName): SecretDecision | undefined => actions
    .map((action) => {
      const subject = name === undefined ? { action } : { action, name }
      return { ...subject, ...authorize({ caller: current, credentialId, environment: environment.name, ...subject }) }
    })
    .find(({ allowed }) => allowed)
  const sees = (name: SecretName): boolean => allowing(seeActions, name) !== undefined

  function assertAllowed (): void {
    const mayList = namePrefix === undefined || allowing(listActions) !== undefined
    if (!mayList || !names.every(sees)) throw new Problem('forbidden')
    if (!isCached(environment)) throw new Problem('cache-disabled')
  }

  async function record (changes: readonly Change[]): Promise<void> {
    await request.reportSecrets(changes.map(({ name, versionId }) => {
      const decision = allowing(seeActions, name)
      if (decision !== undefined) evidence.decisions.add(decision)
      return compact({ name, action: decision?.action, versionId })
    }))
  }

  assertAllowed()
  onceClosed(reply.raw, limiter.enter(caller.id))
  // Records the intent now, because the stream's calls to AWS don't use the request's scope.
  await scope.beforeSending?.()
  const { following, leave } = await followed.follow(scope, selection, {
    sees,
    onChange (name) {
      pending.add(name)
      wake()
    }
  })
  onceClosed(reply.raw, leave)
  for (const name of following.versions.keys()) pending.add(name)

  return sendEvents(reply, changeEvents({
    following,
    pending,
    pause: async (isDue) => pauses.pause({
      milliseconds: heartbeatInterval,
      signal: scope.signal,
      until (wakeNow) {
        // Only a change that is due ends the pause, because each pause restarts the wait for the heartbeat. Otherwise, a stream
        // that may not send its next event yet would get no heartbeat while changes are frequent.
        wake = () => { if (isDue()) wakeNow() }
        wake()
        return () => { wake = () => undefined }
      }
    }),
    async renew () {
      await turns.wait(caller.id)
      const { caller: renewed, isSameEnvironment } = await renew(request)
      current = renewed
      // Ends the stream. The client then reconnects, and if its filter selects too many secrets, the reply says so.
      if (!isSameEnvironment || following.isTooLong()) return undefined
      assertAllowed()
      return sees
    },
    record
  }, lastEventId?.toString()))
}
