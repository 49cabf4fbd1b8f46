import type { IncomingHttpHeaders } from 'node:http'

/** Returns the length in bytes that a request's headers declare for its body. It is infinite if the body is sent in chunks. */
export const declaredLength = ({ 'transfer-encoding': coding, 'content-length': length = '0' }: IncomingHttpHeaders): number =>
  coding === undefined ? Number(length) : Infinity
