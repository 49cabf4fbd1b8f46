/** A change of a secret, which outdates the cached answers about it. */
export interface Change {
  /** The secret's name in AWS. */
  readonly secret: string
  /** The time for which AWS may return an earlier state, in milliseconds. */
  readonly settlingTime: number
  /** False if the change is only about to be made. */
  readonly isMade: boolean
}
