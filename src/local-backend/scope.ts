/** The account and region that a request was signed for; nothing outside them is ever seen. */
export interface Scope {
  accountId: string
  region: string
}
