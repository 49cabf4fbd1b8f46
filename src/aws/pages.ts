import { Problem } from '#src/problems/problem'

/**
 * Returns the cursor of the next page of a list, or undefined if there is no next page. An empty token means that there is none,
 * as it does for the AWS SDKs. AWS sends no token in this case, but moto sends an empty one.
 *
 * @param token the token of the next page, from AWS's response
 * @param cursor the cursor of the page that was requested
 * @throws Problem `aws-unavailable` if both are the same, because the list would then have no end
 */
export function nextCursorFrom (token: string | undefined, cursor: string | undefined): string | undefined {
  if (token === undefined || token === '') return undefined
  if (token === cursor) throw new Problem('aws-unavailable', { awsError: 'RepeatedNextToken' })
  return token
}
