/** The delays and failures that can occur after AWS has replied. */
export interface Lateness {
  /** Returns how many milliseconds a secret's name stays in use after a deletion without recovery. */
  forcedDeletion: () => number
  /** Returns how many milliseconds a replication takes. */
  replication: () => number
  /** Returns true if a replication fails because of a fault in AWS. */
  replicationFails: () => boolean
  /** Returns true if a rotation function can't be called at the moment. */
  rotationStepFails: () => boolean
  /** Returns the number of entries to put on a page of a list. `maxResults` is the number that the request asks for. */
  pageLength: (maxResults: number) => number
}

/** Neither delays nor failures. AWS itself does not guarantee this. */
export const punctual: Lateness = {
  forcedDeletion: () => 0,
  replication: () => 0,
  replicationFails: () => false,
  rotationStepFails: () => false,
  pageLength: (maxResults) => maxResults
}
