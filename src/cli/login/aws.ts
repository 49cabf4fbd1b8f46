import { randomUUID } from 'node:crypto'
import { createClient, reply } from '#src/client/client'
import type { Credential } from '#src/cli/profiles/profiles'
import { CommandFailure } from '#src/cli/terminal'

interface AwsLogin {
  url: string
  serverId: string
  region: string
}

/**
 * Logs in with the AWS identity that AWS's own clients would use: from variables, a profile or the machine.
 *
 * @throws CommandFailure if there are no AWS keys
 * @throws GatewayProblem, GatewayUnreachable
 */
export async function logInWithAws ({ url, serverId, region }: AwsLogin): Promise<Extract<Credential, { kind: 'aws' }>> {
  const { signedIdentity } = await import('#src/aws/signed-identity')
  const headers = await signedIdentity({ region, serverId, nonce: randomUUID(), now: Date.now() }).catch(() => undefined)
  if (headers === undefined) throw new CommandFailure('There are no AWS keys: log in to AWS first, for example with "aws sso login" and AWS_PROFILE')
  const { token, expires } = await reply(createClient({ url }).POST('/auth/aws/login', { body: { headers } }))
  return { kind: 'aws', serverId, region, token, expires: Date.parse(expires) }
}
