/** An account and a region: where a secret is, or what a request was signed for. Nothing is seen outside the latter unasked. */
export interface Scope {
  accountId: string
  region: string
}
