import { Problem } from '#src/problems/problem'

/** Whatever is wrong with what a caller presents, it gets the same answer; the reason is for the log. */
export const unauthenticated = (reason: string): Problem => new Problem('unauthenticated', { reason })

/** Who could vouch for the caller can't be asked: no statement about what the caller presents. */
export const unavailable = (reason: string): Problem => new Problem('identity-provider-unavailable', { reason })
