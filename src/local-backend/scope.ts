/**
 * An account and a region. A secret belongs to one scope, and a request is signed for one. An operation finds the secrets in its
 * request's scope. It also finds another account's secret in the same region if policies allow the caller to use it.
 */
export interface Scope {
  accountId: string
  region: string
}
