/** The effects that AWS delays, and the failures that can occur after AWS's reply. */
export interface Lateness {
  /** How long the name of a secret stays in use after a deletion without recovery, in milliseconds. */
  forcedDeletion: () => number
  /** How long a replication is in progress, in milliseconds. */
  replication: () => number
  /** Returns true if a replication fails because of a fault in AWS. */
  replicationFails: () => boolean
  /** Returns true if a rotation function can't be called at the moment. */
  rotationStepFails: () => boolean
  /** Returns the number of entries to put on a page of a list. `maxResults` is the number that the request asks for. */
  pageLength: (maxResults: number) => number
}

/** No delays and no failures. AWS itself does not promise this. */
export const punctual: Lateness = {
  forcedDeletion: () => 0,
  replication: () => 0,
  replicationFails: () => false,
  rotationStepFails: () => false,
  pageLength: (maxResults) => maxResults
}
