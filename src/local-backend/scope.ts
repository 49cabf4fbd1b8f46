/**
 * An account and a region: the location of a secret, or the credential scope of a request. An operation sees only the secrets in
 * its request's scope, plus those of other accounts that policies allow the caller to use.
 */
export interface Scope {
  accountId: string
  region: string
}
