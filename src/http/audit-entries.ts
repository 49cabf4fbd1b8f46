import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RecordedDecision, RequestEntry } from '#src/audit/record'
import { isAction, type Action } from '#src/authorization/actions'
import type { Decision } from '#src/authorization/decision'
import { isSecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import { fromETag } from './etag.ts'

/** What became of one secret of a request on many. */
export interface SecretOutcome {
  /** The environment that the secret is in, and the credential that reached it, where the path names another, or none. */
  readonly environment?: string
  readonly credential?: string
  readonly name: string
  /** What was done to it, where that is not what the route does to all. */
  readonly action?: Action
  readonly result?: string
  readonly versionId?: string
  readonly problem?: Problem
}

/** A decision that a request came upon on its way: on a secret, or on an environment that the path does not name. */
export interface SecretDecision extends Decision {
  readonly environment?: string
  readonly action: Action
  readonly name?: string
}

/** What is known of a request that was allowed, beside the request itself. */
export interface Audited {
  /** The sequence of the record that says what is about to be done. */
  readonly intent?: number
  readonly awsRequestIds: string[]
  readonly decisions: SecretDecision[]
}

/** AWS's request IDs that a record lists. */
const mostRequestIds = 100

type About = Omit<RequestEntry, 'event'>

/** The entry of what is about to be done. */
export const intentOf = (request: FastifyRequest): RequestEntry =>
  ({ event: 'intent', ...aboutRequest(request), ...compact({ decision: recorded(request.decision) }) })

/**
 * The entries of how a request ended: that of each secret, where it is on many, and its own. A public request leaves
 * none, unless it was refused or gave somebody a token.
 */
export function finalEntries (request: FastifyRequest, reply: FastifyReply): RequestEntry[] {
  const { intent, awsRequestIds, decisions }: Audited = request.audited ?? { awsRequestIds: [], decisions: [] }
  const { caller, problem, routeOptions, secretOutcomes } = request
  const { statusCode: status } = reply
  if (routeOptions.config.action === 'Public' && status < 400 && caller === undefined) return []
  const about = { ...aboutRequest(request), ...compact({ intent }) }
  const items = secretOutcomes === undefined ? undefined : itemEntries(about, secretOutcomes, decisions)
  return [...items ?? [], {
    event: intent === undefined && status >= 400 ? 'denial' : 'outcome',
    ...about,
    ...compact({
      decision: recorded(request.decision),
      decisions: others(decisions.filter(({ name }) => name === about.name), about),
      items: items?.length,
      status,
      code: problem?.code,
      reason: problem?.options.reason,
      versionId: versionOf(request, reply),
      awsRequestIds: awsRequestIds.length === 0 ? undefined : awsRequestIds.slice(0, mostRequestIds),
      awsCalls: awsRequestIds.length > mostRequestIds ? awsRequestIds.length : undefined
    })
  }]
}

/** The entries of some secrets of a request that tells of them one by one. Their decisions are not kept any longer. */
export function outcomeEntries (request: FastifyRequest, outcomes: readonly SecretOutcome[]): RequestEntry[] {
  const { intent, decisions = [] } = request.audited ?? {}
  const names = new Set<string | undefined>(outcomes.map(({ name }) => name))
  const { made = [], left = [] } = Object.groupBy(decisions, ({ name }) => names.has(name) ? 'made' : 'left')
  decisions.splice(0, decisions.length, ...left)
  return itemEntries({ ...aboutRequest(request), ...compact({ intent }) }, outcomes, made)
}

/** Who asks for what. Of the path only what stands for something: a mistyped one could hold anything. */
function aboutRequest (request: FastifyRequest): About {
  const { id, caller, credentialId, ip, jobId, params, routeOptions: { config: { action }, schema }, server } = request
  const { env = '', name = '' } = params as { env?: string, name?: string }
  const { environments, credentials } = server.config.current
  const { 'aws-credential-id': named } = request.headers
  return compact({
    requestId: id,
    caller: caller && { id: caller.id, method: caller.method },
    peer: ip,
    operation: schema?.operationId,
    action: isAction(action) ? action : undefined,
    environment: environments.has(env) ? env : undefined,
    name: isSecretName(name) ? name : undefined,
    job: jobId,
    credential: credentialId ?? (typeof named === 'string' && credentials.has(named) ? named : undefined)
  })
}

function itemEntries (about: About, outcomes: readonly SecretOutcome[], decisions: readonly SecretDecision[]): RequestEntry[] {
  const secretOf = ({ environment, name }: Pick<SecretDecision, 'environment' | 'name'>): string =>
    `${environment ?? ''} ${name ?? ''}`
  const bySecret = Map.groupBy(decisions, secretOf)
  const shown = new Set(outcomes.map(secretOf))
  // What was read by filters, and is not for the caller, is left out of the reply without a word.
  const withheld = decisions.filter((decision) => !decision.allowed && !shown.has(secretOf(decision)))
    .flatMap(({ environment, name, action }) =>
      name === undefined ? [] : [compact({ environment, name, action, problem: new Problem('forbidden') })])
  return [...outcomes, ...withheld].map((outcome: SecretOutcome) => {
    const { environment, credential, name, problem, result, versionId } = outcome
    const item = { ...about, ...compact({ environment, credential }), name, action: outcome.action ?? about.action ?? '' }
    const made = bySecret.get(secretOf(outcome)) ?? []
    return {
      event: 'item',
      ...item,
      ...compact({
        decision: recorded(made.find(({ action }) => action === item.action)),
        decisions: others(made, item),
        status: problem?.status ?? 200,
        code: problem?.code,
        result,
        versionId
      })
    }
  })
}

const recorded = (decision: Decision | undefined): RecordedDecision | undefined =>
  decision && { allowed: decision.allowed, policies: decision.policies }

/** Of the decisions on what an entry is about, those on other actions, and in other environments. */
function others (decisions: readonly SecretDecision[], about: About): RequestEntry['decisions'] {
  const found = decisions.filter(({ environment = about.environment, action }) =>
    environment !== about.environment || action !== about.action)
  return found.length === 0 ? undefined : found.map(({ environment, action, allowed, policies }) =>
    ({ ...environment !== about.environment && compact({ environment }), action, allowed, policies }))
}

/** The version that was read, written or otherwise dealt with. A value that is sent bare has its version in the `ETag` alone. */
function versionOf ({ versionId }: FastifyRequest, reply: FastifyReply): string | undefined {
  const etag = reply.getHeader('etag')
  return versionId ?? (typeof etag === 'string' ? fromETag(etag.slice(1, -1)) : undefined)
}
