import { shapes } from '#src/aws-model/shapes'
import type { Listing } from '#src/secrets/cursors'
import type { OnEnvironment, OnSecret } from './context.ts'
import { listPage, openToken } from './list-page.ts'
import { onOneSecret } from './verbatim.ts'

/** Lists the environment's secrets that the caller may describe. */
export const listSecrets: OnEnvironment<'ListSecrets'> = async (context, { MaxResults: limit = shapes.MaxResultsType.max, NextToken: token, ...query }) => {
  const { entries, NextToken } = await listPage(context, { operation: 'ListSecrets', actions: ['DescribeSecret'], limit, token, query })
  return JSON.stringify({ SecretList: entries.map(({ entry }) => entry), NextToken })
}

/** Lists a secret's versions. AWS's token for the next page is encrypted, as in the gateway's own lists. */
export const listSecretVersionIds: OnSecret<'ListSecretVersionIds'> = async ({ scope, cursors }, secret, { NextToken: token, ...input }) => {
  const { IncludeDeprecated: includeDeprecated = false } = input
  const listing: Listing = { scope, operation: 'AWS ListSecretVersionIds', query: { ...secret, includeDeprecated } }
  const awsToken = token === undefined ? undefined : openToken(cursors, listing, token).awsPage
  const { body = '', result: { nextCursor } } = await onOneSecret(scope, 'ListSecretVersionIds', secret, { ...input, NextToken: awsToken },
    async (own, name) => own.aws.listSecretVersionIds(own, name, { includeDeprecated }))
  if (nextCursor === undefined) return body
  return JSON.stringify({ ...JSON.parse(body) as object, NextToken: cursors.seal(listing, { awsPage: nextCursor, seen: 0 }) })
}
