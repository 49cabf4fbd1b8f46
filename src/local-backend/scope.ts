/**
 * An account and a region. Each secret belongs to a scope, and each request is signed for a scope. An operation finds the secrets
 * in its request's scope. It also finds another account's secret in the same region if policies allow the caller to use that
 * secret.
 */
export interface Scope {
  accountId: string
  region: string
}
