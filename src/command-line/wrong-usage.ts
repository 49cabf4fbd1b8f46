/** A command line with invalid or missing arguments: exit status 2. The message describes the error and contains no secret. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage'
}
