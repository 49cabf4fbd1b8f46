import type { End } from './end.ts'
import type { Link } from './record.ts'

/** The destination of a trail. Calls must not overlap. */
export interface Sink {
  /** True if lines can be written. If false, call `open` first. */
  readonly isOpen: boolean
  /** Opens the destination, or reopens it after a failure. @throws UnusableTrail, and file system errors */
  open: () => Promise<End>
  /**
   * Writes complete lines. If this throws, none of the lines counts as written.
   *
   * @param link the last record in `lines`
   * @returns false if the lines may be lost because somebody else changed the file
   */
  write: (lines: Buffer, link: Link) => Promise<boolean>
  /** Checks that the file still exists under its name and is unchanged. If not, `isOpen` becomes false. */
  check: () => Promise<void>
  close: () => Promise<void>
}
