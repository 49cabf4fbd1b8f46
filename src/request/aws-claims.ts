import type { FastifyRequest } from 'fastify'
import { problemOf } from '#src/aws-endpoint/refusal'
import { algorithm } from '#src/aws-protocol/authorization-header'
import { AwsError } from '#src/aws-protocol/errors'
import { readClaim, verifySignature, type Claim } from '#src/aws-protocol/signature'
import type { AwsSessions } from '#src/authentication/aws-sessions'
import type { Caller } from '#src/authentication/caller'

/** Returns true if a request has a signature instead of a bearer token. */
export const isSigned = ({ authorization = '' }: FastifyRequest['headers']): boolean =>
  authorization.split(/[ \t]/, 1)[0] === algorithm

/**
 * Returns the caller whose session token a signed request contains. The signature covers the body, so `verifyClaim` verifies it
 * once the body has been read.
 *
 * @throws Problem `unauthenticated`, with AWS's error
 */
export function claimOf (
  { raw }: FastifyRequest, { open }: AwsSessions, now: () => number
): { caller: Caller, awsClaim: Claim<Caller> } {
  const find = (accessKeyId: string, token: string | undefined) => open(accessKeyId, token, now())
  const options = { service: 'secretsmanager', find, now, path: pathOf(raw.url ?? ''), alsoSigned: ['aws-credential-id'] } as const
  const awsClaim = asProblem(() => readClaim(raw, options))
  return { caller: awsClaim.accessKey.principal, awsClaim }
}

/** Returns the path of a request target. The target may be an absolute URL, but a signature covers only the path. */
function pathOf (target: string): string {
  if (!target.startsWith('/')) return new URL(target).pathname
  const [path = ''] = target.split('?')
  return path
}

/** Verifies the signature of a request. @throws Problem `unauthenticated`, with AWS's error */
export function verifyClaim (claim: Claim<Caller>, body: Uint8Array, { signingKey }: AwsSessions): void {
  asProblem(() => { verifySignature(claim, body, signingKey) })
}

function asProblem<T> (work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof AwsError ? problemOf(error, `aws-${error.type}`) : error
  }
}
