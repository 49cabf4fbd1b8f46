import { isProblem } from '#src/problems/problem'
import type { VersionSelector } from './port.ts'
import type { RecentWrite } from './recent-writes.ts'
import { currentIn, type ReadSecret, type SecretMetadata } from './secret.ts'

/** Returns true if AWS's date shows a change that is later than the write. */
const isLater = (date: Date | undefined, write: RecentWrite): boolean => date !== undefined && date.getTime() >= write.date

const choosesCurrent = ({ versionId, versionStage = 'AWSCURRENT' }: VersionSelector): boolean =>
  versionId === undefined && versionStage === 'AWSCURRENT'

/** Returns true if a value that was read is from before the write. */
export function isOldValue (secret: ReadSecret, write: RecentWrite, version: VersionSelector = {}): boolean {
  if (isLater(secret.createdDate, write)) return false
  if (write.state !== 'present') return true
  return choosesCurrent(version) && write.current !== undefined && secret.versionId !== write.current
}

/** Returns true if a description is from before the write. */
export function describesOldState (secret: SecretMetadata, write: RecentWrite): boolean {
  if (isLater(secret.lastChangedDate, write)) return false
  if (write.state !== 'present') return secret.state !== 'pending-deletion'
  return secret.state === 'pending-deletion' || (write.current !== undefined && currentIn(secret) !== write.current)
}

/**
 * Returns true if an error shows that a secret, or the version that was to be read, did not exist before the write.
 *
 * @param version the version that was to be read; absent if it was the secret itself
 */
export function isErrorOfOldState (error: unknown, write: RecentWrite, version?: VersionSelector): boolean {
  if (write.state === 'gone') return false
  if (isProblem(error, 'secret-not-found')) return true
  if (write.state === 'scheduled') return false
  if (isProblem(error, 'secret-pending-deletion')) return true
  if (version === undefined || write.current === undefined || !isProblem(error, 'version-not-found')) return false
  return choosesCurrent(version) || version.versionId === write.current
}
