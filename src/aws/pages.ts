import { Problem } from '#src/problems/problem'

/**
 * Returns the cursor of the next page of a list, or undefined if there is no next page. An empty token counts as absent, as it
 * does in the AWS SDKs. On the last page, AWS sends no token, but moto sends an empty one.
 *
 * @param token the token of the next page, from AWS's response
 * @param cursor the cursor of the page that was requested
 * @throws Problem `aws-unavailable` if both are the same, because the list would never end
 */
export function nextCursorFrom (token: string | undefined, cursor: string | undefined): string | undefined {
  if (token === undefined || token === '') return undefined
  if (token === cursor) throw new Problem('aws-unavailable', { awsError: 'RepeatedNextToken' })
  return token
}
