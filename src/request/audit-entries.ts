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

/** The evidence that is gathered while a request is handled, for its audit records. */
export interface Evidence {
  /** The members that all records of the request share. */
  readonly about: About
  /** The sequence number of the request's intent record. */
  readonly intent: number
  /** The AWS request IDs of all calls so far. */
  readonly awsRequestIds: string[]
  /** The decisions that are not yet part of a record. */
  readonly decisions: SecretDecision[]
  /** The number of secrets recorded so far. It is missing until the handler calls `reportSecrets`. */
  items?: number
}

/** Details of a request's outcome that only the handler knows. */
export interface OutcomeReport {
  /** The version that was read, written or moved. */
  readonly versionId?: string | undefined
  /** The ID of the job that was started, read or cancelled. */
  readonly job?: string
  /** The caller identified by a public route, such as the login route. */
  readonly caller?: Caller
  /** The number of secrets in the request, if the reply is sent before all of them have been recorded. */
  readonly items?: number
}

/**
 * The environments and credentials that the configuration declares. An audit record names an environment or a credential only if
 * it is declared, because a caller can send any text as a name, even a secret's value.
 */
export type DeclaredNames = Pick<Config, 'environments' | 'credentials'>

/** The maximum number of AWS request IDs in a record. If there are more, the record also contains their total number. */
const mostRequestIds = 100

/** The members that all records of a request share: its sender and its subject. */
export type About = Omit<RequestEntry, 'event'>

/** Returns the entry for a request's intent. It is recorded after the request was allowed, and before its handler runs. */
export const intentEntry = (about: About, { found: { decision } }: FastifyRequest): RequestEntry =>
  ({ event: 'intent', ...about, decision: decision && recorded(decision) })

/**
 * Returns the entries for the end of a request. The last one is for the request itself. The entries before it are for the
 * secrets that were left out of the reply because the caller isn't allowed to read them. A successful request on a public route
 * has no entry unless it identified a caller.
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
    decisions: otherDecisions(decisions.filter((one) => isAbout(one, about)), about),
    items: items ?? (evidence?.items === undefined ? undefined : evidence.items + withheld.length),
    status,
    code: problem?.code,
    reason: problem?.options.reason,
    versionId,
    awsRequestIds: awsRequestIds.length === 0 ? undefined : awsRequestIds.slice(0, mostRequestIds),
    awsCalls: awsRequestIds.length > mostRequestIds ? awsRequestIds.length : undefined
  }]
}

/**
 * Returns true if a decision was made because of the secret in the request's path. If the path has no secret, returns true for
 * the decisions that concern no particular secret.
 */
const isAbout = ({ name, replicaOf = name }: SecretDecision, about: About): boolean => replicaOf === about.name

/** Returns the entries for some of a request's secrets, and removes the decisions on these secrets from the evidence. */
export function secretEntries (evidence: Evidence, outcomes: readonly SecretOutcome[], job: string | undefined): RequestEntry[] {
  const about = { ...evidence.about, intent: evidence.intent, job }
  const secrets = new Set(outcomes.map(secretOf))
  const { decided = [], open = [] } = Object.groupBy(evidence.decisions, (decision) =>
    secrets.has(secretOf(decision)) ? 'decided' : 'open')
  evidence.decisions.length = 0
  for (const decision of open) evidence.decisions.push(decision)
  const bySecret = Map.groupBy(decided, secretOf)
  return outcomes.map((outcome) => secretEntry(about, outcome, bySecret.get(secretOf(outcome)) ?? []))
}

/** Returns the entries for secrets that were left out of the reply because the caller isn't allowed to read them. */
function withheldEntries (about: About, decisions: readonly SecretDecision[]): RequestEntry[] {
  const bySecret = Map.groupBy(decisions, secretOf)
  return decisions.flatMap(({ allowed, environment, name, action }) => {
    if (allowed || name === undefined) return []
    const outcome = compact({ environment, name, action, problem: new Problem('forbidden') })
    return [secretEntry(about, outcome, bySecret.get(secretOf(outcome)) ?? [])]
  })
}

/**
 * Returns a key for the secret that an outcome or a decision belongs to. A decision with `replicaOf` belongs to the secret that
 * `replicaOf` names.
 */
const secretOf = ({ environment = '', name = '', replicaOf }: Pick<SecretDecision, 'environment' | 'name' | 'replicaOf'>): string =>
  replicaOf === undefined ? `${environment} ${name}` : ` ${replicaOf}`

function secretEntry (about: About, outcome: SecretOutcome, decisions: readonly SecretDecision[]): RequestEntry {
  const { environment = about.environment, credential = about.credential, action = about.action, name } = outcome
  const { problem, result, versionId } = outcome
  const item = { ...about, environment, credential, action, name }
  const decision = decisions.find((one) => one.action === action && one.replicaOf === undefined)
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

/** Returns the sender and the subject of a request, for its audit records. */
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

/** Returns the decision on the route's action or, if there is none, on whether the caller may see the environment. */
const recordedDecision = ({ found: { decision, visibility } }: FastifyRequest): RecordedDecision | undefined => {
  const last = decision ?? visibility
  return last && recorded(last)
}

const recorded = ({ allowed, policies }: Decision): RecordedDecision => ({ allowed, policies })

/** Returns the decisions that concern a different action or a different environment than the entry. */
function otherDecisions (decisions: readonly SecretDecision[], about: About): RequestEntry['decisions'] {
  const others = decisions.filter(({ environment = about.environment, action }) =>
    environment !== about.environment || action !== about.action)
  return others.length === 0 ? undefined : others.map(({ environment, action, allowed, policies }) =>
    ({ ...environment !== about.environment && compact({ environment }), action, allowed, policies }))
}
