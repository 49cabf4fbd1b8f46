/** Thrown instead of a reply if the connection is to be reset. */
export class ConnectionReset extends Error {
  constructor () {
    super('The connection is reset')
    this.name = 'ConnectionReset'
  }
}
