/**
 * An account and a region: the location of a secret, or the credential scope of a request. Operations see only the secrets in
 * their request's scope, except for another account's secret that policies allow them to use.
 */
export interface Scope {
  accountId: string
  region: string
}
