import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RecordedDecision, RequestEntry } from '#src/audit/record'
import type { SecretDecision, SecretOutcome } from '#src/audit/secret-outcome'
import type { Caller } from '#src/authentication/caller'
import { isAction } from '#src/authorization/actions'
import type { Decision } from '#src/authorization/decision'
import type { Config } from '#src/config/config'
import { isSecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'

/** Evidence that is gathered while a request is served, for its later audit records. */
export interface Evidence {
  /** The sequence of the record of the intent. */
  readonly intent: number
  /** AWS's request IDs of all calls so far. */
  readonly awsRequestIds: string[]
  /** The decisions that are not yet part of a record. */
  readonly decisions: SecretDecision[]
  /** The number of secrets that have a record of their own so far. Missing if the request is not on several secrets. */
  items?: number
}

/** Details of an outcome that only the handler knows. */
export interface OutcomeReport {
  /** The version that was read, written or moved. */
  readonly versionId?: string | undefined
  /** The ID of the job that was started, read or cancelled. */
  readonly job?: string
  /** The caller that a public route has identified, as the login does. */
  readonly caller?: Caller
  /** The number of secrets that the request is on, where the reply, and with it this record, comes before the last of theirs. */
  readonly items?: number
}

/** The names that a record may show: of the path's parameters, only those that are declared. Others could be anything. */
export type DeclaredNames = Pick<Config, 'environments' | 'credentials'>

/** A record lists at most this many of AWS's request IDs, and beyond that only their number. */
const mostRequestIds = 100

type About = Omit<RequestEntry, 'event'>

/** The entry of a request that is allowed and about to be served. */
export const intentEntry = (request: FastifyRequest, declared: DeclaredNames): RequestEntry =>
  ({ event: 'intent', ...aboutRequest(request, declared), ...compact({ decision: recordedDecision(request) }) })

/**
 * The entries of a request's end: its own, and before it one for each secret that was left out of the reply because the caller
 * may not read it. A public request leaves an entry only if it was refused or has identified a caller.
 */
export function finalEntries (
  request: FastifyRequest, { statusCode: status }: FastifyReply, declared: DeclaredNames
): RequestEntry[] {
  const { found: { evidence }, outcome: { versionId, job, items } = {}, problem, routeOptions: { config } } = request
  const about = { ...aboutRequest(request, declared), ...compact({ job, intent: evidence?.intent }) }
  if (config.action === 'Public' && status < 400 && about.caller === undefined) return []
  const { awsRequestIds = [], decisions = [] }: Partial<Evidence> = evidence ?? {}
  const withheld = items === undefined && evidence?.items !== undefined ? withheldEntries(about, decisions) : []
  return [...withheld, {
    event: evidence === undefined && status >= 400 ? 'denial' : 'outcome',
    ...about,
    ...compact({
      decision: recordedDecision(request),
      decisions: otherDecisions(decisions.filter(({ name }) => name === about.name), about),
      items: items ?? (evidence?.items === undefined ? undefined : evidence.items + withheld.length),
      status,
      code: problem?.code,
      reason: problem?.options.reason,
      versionId,
      awsRequestIds: awsRequestIds.length === 0 ? undefined : awsRequestIds.slice(0, mostRequestIds),
      awsCalls: awsRequestIds.length > mostRequestIds ? awsRequestIds.length : undefined
    })
  }]
}

/** The entries of some secrets of a request on several. They take the decisions on these secrets out of the evidence. */
export function secretEntries (
  request: FastifyRequest, outcomes: readonly SecretOutcome[], declared: DeclaredNames
): RequestEntry[] {
  const { evidence } = request.found
  const about = { ...aboutRequest(request, declared), ...compact({ intent: evidence?.intent, job: request.outcome?.job }) }
  const secrets = new Set(outcomes.map(secretOf))
  const { decided = [], open = [] } = Object.groupBy(evidence?.decisions ?? [], (decision) => secrets.has(secretOf(decision)) ? 'decided' : 'open')
  evidence?.decisions.splice(0, evidence.decisions.length, ...open)
  const bySecret = Map.groupBy(decided, secretOf)
  return outcomes.map((outcome) => secretEntry(about, outcome, bySecret.get(secretOf(outcome)) ?? []))
}

/** The entries of secrets that a filter has matched and that the reply leaves out, since the caller may not read them. */
function withheldEntries (about: About, decisions: readonly SecretDecision[]): RequestEntry[] {
  const bySecret = Map.groupBy(decisions, secretOf)
  return decisions.flatMap(({ allowed, environment, name, action }) => {
    if (allowed || name === undefined) return []
    const outcome = compact({ environment, name, action, problem: new Problem('forbidden') })
    return [secretEntry(about, outcome, bySecret.get(secretOf(outcome)) ?? [])]
  })
}

const secretOf = ({ environment, name }: Pick<SecretDecision, 'environment' | 'name'>): string => `${environment ?? ''} ${name ?? ''}`

function secretEntry (about: About, outcome: SecretOutcome, decisions: readonly SecretDecision[]): RequestEntry {
  const { environment, credential, name, problem, result, versionId } = outcome
  const item = { ...about, ...compact({ environment, credential }), name, action: outcome.action ?? about.action ?? '' }
  const decision = decisions.find(({ action }) => action === item.action)
  return {
    event: 'item',
    ...item,
    ...compact({
      decision: decision && recorded(decision),
      decisions: otherDecisions(decisions, item),
      status: problem?.status ?? 200,
      code: problem?.code,
      result,
      versionId
    })
  }
}

/** The sender and the subject of a request. */
function aboutRequest (request: FastifyRequest, { environments, credentials }: DeclaredNames): About {
  const { id, found, outcome, ip, params, headers: { 'aws-credential-id': named }, routeOptions: { config: { action }, schema } } = request
  const { env = '', name = '' } = params as { env?: string, name?: string }
  const caller = found.caller ?? outcome?.caller
  return compact({
    requestId: id,
    caller: caller && { id: caller.id, method: caller.method },
    peer: ip,
    operation: schema?.operationId,
    action: isAction(action) ? action : undefined,
    environment: environments.has(env) ? env : undefined,
    name: isSecretName(name) ? name : undefined,
    credential: found.credentialId ?? (typeof named === 'string' && credentials.has(named) ? named : undefined)
  })
}

/** The decision on the route's action; that on the environment's visibility, if the request got no further. */
const recordedDecision = ({ found: { decision, visibility } }: FastifyRequest): RecordedDecision | undefined => {
  const last = decision ?? visibility
  return last && recorded(last)
}

const recorded = ({ allowed, policies }: Decision): RecordedDecision => ({ allowed, policies })

/** Those of the decisions on a secret that are on another action or in another environment than its entry. */
function otherDecisions (decisions: readonly SecretDecision[], about: About): RequestEntry['decisions'] {
  const others = decisions.filter(({ environment = about.environment, action }) =>
    environment !== about.environment || action !== about.action)
  return others.length === 0 ? undefined : others.map(({ environment, action, allowed, policies }) =>
    ({ ...environment !== about.environment && compact({ environment }), action, allowed, policies }))
}
