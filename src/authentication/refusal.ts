import { Problem } from '#src/problems/problem'

/** Creates the problem for failed authentication. Only the log and the audit trail show the reason, never the reply. */
export const unauthenticated = (reason: string): Problem => new Problem('unauthenticated', { reason })

/** Creates the problem for credentials that can't be verified now, for example because an identity provider is down. */
export const unavailable = (reason: string): Problem => new Problem('identity-provider-unavailable', { reason })
