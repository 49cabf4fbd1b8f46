import { Problem } from '#src/problems/problem'

/** Creates the problem for failed authentication. The reply is always the same; the reason is only logged. */
export const unauthenticated = (reason: string): Problem => new Problem('unauthenticated', { reason })

/** Creates the problem for an identity provider that does not answer. It does not mean that the caller's token is invalid. */
export const unavailable = (reason: string): Problem => new Problem('identity-provider-unavailable', { reason })
