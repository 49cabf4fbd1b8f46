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
  /** The members that all records of the request share. */
  readonly about: About
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

/** The members that all records of a request share: its sender and its subject. */
export type About = Omit<RequestEntry, 'event'>

/** The entry of a request that is allowed and about to be served. */
export const intentEntry = (about: About, { found: { decision } }: FastifyRequest): RequestEntry =>
  ({ event: 'intent', ...about, decision: decision && recorded(decision) })

/**
 * The entries of a request's end: its own, and before it one for each secret that was left out of the reply because the caller
 * may not read it. A public request leaves an entry only if it was refused or has identified a caller.
 */
export function finalEntries (
  request: FastifyRequest, { statusCode: status }: FastifyReply, declared: DeclaredNames
): RequestEntry[] {
  const { found: { evidence, route }, outcome: { versionId, job, caller, items } = {}, problem } = request
  if (route?.config.action === 'Public' && status < 400 && caller === undefined) return []
  const about = { ...evidence?.about ?? aboutRequest(request, declared), job, intent: evidence?.intent }
  const { awsRequestIds = [], decisions = [] }: Partial<Evidence> = evidence ?? {}
  const withheld = items === undefined && evidence?.items !== undefined ? withheldEntries(about, decisions) : []
  return [...withheld, {
    event: evidence === undefined && status >= 400 ? 'denial' : 'outcome',
    ...about,
    decision: recordedDecision(request),
    decisions: otherDecisions(decisions.filter(({ name }) => name === about.name), about),
    items: items ?? (evidence?.items === undefined ? undefined : evidence.items + withheld.length),
    status,
    code: problem?.code,
    reason: problem?.options.reason,
    versionId,
    awsRequestIds: awsRequestIds.length === 0 ? undefined : awsRequestIds.slice(0, mostRequestIds),
    awsCalls: awsRequestIds.length > mostRequestIds ? awsRequestIds.length : undefined
  }]
}

/** The entries of some secrets of a request on several. They take the decisions on these secrets out of the evidence. */
export function secretEntries (evidence: Evidence, outcomes: readonly SecretOutcome[], job: string | undefined): RequestEntry[] {
  const about = { ...evidence.about, intent: evidence.intent, job }
  const secrets = new Set(outcomes.map(secretOf))
  const { decided = [], open = [] } = Object.groupBy(evidence.decisions, (decision) =>
    secrets.has(secretOf(decision)) ? 'decided' : 'open')
  evidence.decisions.splice(0, evidence.decisions.length, ...open)
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
  const { environment = about.environment, credential = about.credential, action = about.action, name } = outcome
  const { problem, result, versionId } = outcome
  const item = { ...about, environment, credential, action, name }
  const decision = decisions.find((one) => one.action === action)
  return {
    event: 'item',
    ...item,
    decision: decision && recorded(decision),
    decisions: otherDecisions(decisions, item),
    status: problem?.status ?? 200,
    code: problem?.code,
    result,
    versionId
  }
}

/** Describes the sender and the subject of a request. */
export function aboutRequest (request: FastifyRequest, { environments, credentials }: DeclaredNames): About {
  const { id, found, outcome, params, headers: { 'aws-credential-id': named } } = request
  const { env = '', name = '' } = params as { env?: string, name?: string }
  const caller = found.caller ?? outcome?.caller
  const action = found.route?.config.action
  return {
    requestId: id,
    caller: caller && { id: caller.id, method: caller.method },
    peer: found.peer ?? request.ip,
    operation: found.route?.operationId,
    action: isAction(action) ? action : undefined,
    environment: environments.has(env) ? env : undefined,
    name: isSecretName(name) ? name : undefined,
    credential: found.credentialId ?? (typeof named === 'string' && credentials.has(named) ? named : undefined)
  }
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
