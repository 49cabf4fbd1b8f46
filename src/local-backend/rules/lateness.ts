/** What AWS does after its reply, or not at once. */
export interface Lateness {
  /** How long the name of a secret stays in use after a deletion without recovery, in milliseconds. */
  forcedDeletion: () => number
  /** How long a replication is in progress, in milliseconds. */
  replication: () => number
  /** Returns true if a replication fails for a reason of AWS's own. */
  replicationFails: () => boolean
  /** Returns true if a rotation function can't be called at the moment. */
  rotationStepFails: () => boolean
  /** Returns the number of entries to put on a page of a list. `maxResults` is the number that the request asks for. */
  pageLength: (maxResults: number) => number
}

/** Does everything at once, which AWS does not promise. */
export const punctual: Lateness = {
  forcedDeletion: () => 0,
  replication: () => 0,
  replicationFails: () => false,
  rotationStepFails: () => false,
  pageLength: (maxResults) => maxResults
}
