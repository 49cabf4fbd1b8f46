/**
 * An error in a command line, such as a missing argument. The program exits with status 2. The message must not contain a secret.
 */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage'
}
