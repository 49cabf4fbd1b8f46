import type { End } from './end.ts'
import type { Link } from './record.ts'

/** Where a trail is written. One call at a time. */
export interface Sink {
  /** Whether lines can be written; where not, it must be opened (again). */
  readonly isOpen: boolean
  /** Makes it ready, also after a failure. @throws UnusableTrail, and as the file system does */
  open: () => Promise<End>
  /**
   * Writes whole lines. What has been written of them when it throws does not count.
   *
   * @param link the place of the last of them
   * @returns whether they are there to stay; where not, somebody else has changed what is written to
   */
  write: (lines: Buffer, link: Link) => Promise<boolean>
  /** Looks whether it still is where it should be. */
  check: () => Promise<void>
  close: () => Promise<void>
}
