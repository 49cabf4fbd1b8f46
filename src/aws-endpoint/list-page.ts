import type { Action } from '#src/authorization/actions'
import { narrowFilters } from '#src/aws/filters'
import type { Input } from '#src/aws-protocol/input'
import type { Listing, Place } from '#src/secrets/cursors'
import type { Scope } from '#src/secrets/scope'
import { visibleSecrets, type Visible } from '#src/secrets/visible-secrets'
import { errors } from '#src/aws-protocol/errors'
import { isProblem } from '#src/problems/problem'
import type { EndpointContext } from './context.ts'
import { problemOf } from './refusal.ts'

/** A secret in a list, and AWS's own entry for it. */
interface Entry extends Pick<Visible, 'secret'> {
  readonly entry: unknown
}

interface Wanted {
  /** The operation that `token` was issued for. */
  readonly operation: string
  /** The actions that the caller must be allowed to perform on each secret of the list. */
  readonly actions: readonly Action[]
  readonly limit: number
  readonly token: string | undefined
  /** The request's other parameters, with AWS's names. */
  readonly query: { readonly Filters?: Input<'ListSecrets'>['Filters'] | undefined }
}

/**
 * Returns a page of the environment's secrets that match AWS's filters and on which the caller may perform the actions. As in the
 * gateway's own lists, the page and its token depend only on secrets that the caller may see.
 */
export async function listPage (
  { scope, cursors }: EndpointContext, { operation, actions, limit, token, query }: Wanted
): Promise<{ entries: Entry[], NextToken?: string }> {
  const listing: Listing = { scope, operation: `AWS ${operation}`, query }
  const entries: Entry[] = []
  const { filters, selects } = narrowFilters(scope.environment, query.Filters)
  const inputFor = (own: object): object => ({ ...own, ...query, Filters: filters })
  const start: Place = token === undefined ? { seen: 0 } : openToken(cursors, listing, token)
  if (filters === undefined) return { entries }
  /** AWS's own entry for each secret. The map is weak, so the entry of a secret that the caller may not see is not kept. */
  const entryOf = new WeakMap<object, unknown>()
  const listSecrets: Scope['aws']['listSecrets'] = async (call, request) => {
    const raw = new Map<unknown, unknown>()
    const onReply = (body: string): void => {
      const { SecretList: list = [] } = JSON.parse(body) as { SecretList?: { ARN?: string }[] }
      for (const entry of list) raw.set(entry.ARN, entry)
    }
    const page = await scope.aws.listSecrets({ ...call, verbatim: { operation: 'ListSecrets', inputFor, onReply } }, request)
    for (const secret of page.items) entryOf.set(secret, raw.get(secret.arn))
    return page
  }
  for await (const { secret, place } of visibleSecrets({ ...scope, aws: { ...scope.aws, listSecrets } }, {}, actions, start)) {
    if (!selects(scope.environment.namePrefix + secret.name)) continue
    if (entries.length === limit) return { entries, NextToken: cursors.seal(listing, place()) }
    entries.push({ secret, entry: entryOf.get(secret) })
  }
  return { entries }
}

/** Decrypts a token. @throws Problem with AWS's error if the gateway did not make the token for this list */
export function openToken (cursors: EndpointContext['cursors'], listing: Listing, token: string): Place {
  try {
    return cursors.open(listing, token)
  } catch (error) {
    throw isProblem(error, 'invalid-request') ? problemOf(errors.invalidNextToken()) : error
  }
}
