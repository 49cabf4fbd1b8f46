import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CacheUse } from '#src/audit/cache-use'
import type { RequestEntry } from '#src/audit/record'
import type { SecretDecision } from '#src/audit/secret-outcome'
import type { Caller } from '#src/authentication/caller'
import { isAction } from '#src/authorization/actions'
import type { Decision } from '#src/authorization/decision'
import type { Config } from '#src/config/config'
import { isSecretName } from '#src/environments/names'
import { unrecordedDecisions, type UnrecordedDecisions } from './decisions.ts'
import { namedIn } from './named.ts'
import { otherDecisions, withheldEntries, type About } from './secret-entries.ts'

/** The evidence that is gathered while a request is handled, for its audit records. */
export interface Evidence {
  /** The members that all records of the request share. */
  readonly about: About
  /** The sequence number of the request's intent record. Absent until the intent has been recorded. */
  intent?: number
  /**
   * Records the intent, unless it has already been recorded. Present if the intent is recorded only when AWS is about to be
   * called.
   */
  readonly recordIntent?: () => Promise<void>
  /** The AWS request IDs of the first calls, up to the number that a record lists. */
  readonly awsRequestIds: string[]
  /** The number of all calls to AWS so far. */
  awsCalls: number
  /** The AWS request ID of the latest call. `awsRequestIds` may not list it. */
  latestAwsRequestId?: string
  readonly decisions: UnrecordedDecisions
  /** The number of secrets recorded so far. Undefined until the handler calls `reportSecrets`. */
  items?: number
}

/** Details of a request's outcome that only the handler knows. */
export interface OutcomeReport {
  /** The ID of the version that was read or written, or whose staging labels were changed. */
  readonly versionId?: string | undefined
  /** The ID of the job that was started, read or cancelled. */
  readonly job?: string
  /** The caller identified by a public route, such as the login route. */
  readonly caller?: Caller
  /** The number of secrets in the request, if the reply is sent before all of them have been recorded. */
  readonly items?: number
  /** Present if a cached value was used. */
  readonly cache?: CacheUse | undefined
  /** The age of the cached value, in whole seconds. */
  readonly age?: number | undefined
  /** The decision at the time of the reply, if the request waited after the first decision. */
  readonly decision?: Decision
}

/**
 * The environments and credentials that the configuration declares. An audit record names an environment or a credential only if
 * it is declared, because a caller can send any text as a name, even a secret's value.
 */
export type DeclaredNames = Pick<Config, 'environments' | 'credentials'>

/** The maximum number of AWS request IDs in a record. If there are more, the record also contains their total number. */
export const mostRequestIds = 100

/** Creates the evidence of a request. */
export const newEvidence = (about: About, recordIntent?: () => Promise<void>): Evidence =>
  ({ about, ...recordIntent !== undefined && { recordIntent }, awsRequestIds: [], awsCalls: 0, decisions: unrecordedDecisions() })

/** Adds a call to AWS to the evidence. Reads of several secrets that share a call all report it, one directly after the other. */
export function addAwsCall (evidence: Evidence, awsRequestId: string): void {
  if (evidence.latestAwsRequestId === awsRequestId || evidence.awsRequestIds.includes(awsRequestId)) return
  evidence.latestAwsRequestId = awsRequestId
  evidence.awsCalls += 1
  if (evidence.awsRequestIds.length < mostRequestIds) evidence.awsRequestIds.push(awsRequestId)
}

/** Returns the entry for a request's intent. It is recorded after the request was allowed, and before its handler runs. */
export const intentEntry = (about: About, { found: { decision } }: FastifyRequest): RequestEntry =>
  ({ event: 'intent', ...about, decision })

/**
 * Returns the entries for the end of a request: first the secrets that the reply leaves out because the caller isn't allowed to
 * read them, then the request itself. A successful request on a public route has no entry unless it identified a caller.
 */
export function finalEntries (
  request: FastifyRequest, { statusCode: status }: FastifyReply, declared: DeclaredNames
): RequestEntry[] {
  const { found: { evidence, route, decision, visibility }, outcome = {}, problem } = request
  const { versionId, job, caller, items, cache, age } = outcome
  if (route?.config.action === 'Public' && status < 400 && caller === undefined) return []
  const about = { ...evidence?.about ?? aboutRequest(request, declared), job, intent: evidence?.intent }
  const { awsRequestIds = [], awsCalls = 0 }: Partial<Evidence> = evidence ?? {}
  const rest = [...evidence?.decisions.rest() ?? []]
  const withheld = items === undefined && evidence?.items !== undefined ? withheldEntries(about, rest) : { entries: [], count: 0 }
  return [...withheld.entries, {
    event: evidence === undefined && status >= 400 ? 'denial' : 'outcome',
    ...about,
    // The decision on the route's action or, if there is none, on whether the caller may see the environment.
    decision: outcome.decision ?? decision ?? visibility,
    decisions: otherDecisions(rest.flat().filter((one) => isAbout(one, about)), about),
    items: items ?? (evidence?.items === undefined ? undefined : evidence.items + withheld.count),
    unlisted: (evidence?.items !== undefined && evidence.decisions.unlisted()) || undefined,
    status,
    code: problem?.code,
    reason: problem?.options.reason,
    versionId,
    cache,
    age,
    awsRequestIds: awsRequestIds.length === 0 ? undefined : awsRequestIds,
    awsCalls: awsCalls > awsRequestIds.length ? awsCalls : undefined
  }]
}

/**
 * Returns true if a decision was made because of the secret in the request's path. If the path has no secret, returns true for
 * the decisions that concern no particular secret.
 */
const isAbout = ({ name, replicaOf = name }: SecretDecision, about: About): boolean => replicaOf === about.name

/** Returns the sender and the subject of a request, for its audit records. */
export function aboutRequest (request: FastifyRequest, { environments, credentials }: DeclaredNames): About {
  const { id, found, outcome, headers: { 'aws-credential-id': named } } = request
  const { env, name } = namedIn(request)
  const caller = found.caller ?? outcome?.caller
  const { action: ofRoute, speaksAws = false } = found.route?.config ?? {}
  // On the route for AWS's protocol, the action is known only once the body has been read.
  const action = speaksAws ? found.awsCall?.action : ofRoute
  return {
    requestId: id,
    traceId: found.trace?.traceId,
    spanId: found.trace?.spanId,
    caller,
    peer: found.peer,
    operation: found.route?.operationId,
    action: isAction(action) ? action : undefined,
    environment: environments.has(env) ? env : undefined,
    name: isSecretName(name) ? name : found.secretName,
    credential: found.credentialId ?? (typeof named === 'string' && credentials.has(named) ? named : undefined)
  }
}
