// The header's syntax in RFC 6750. The token is limited to a length that no issuer's tokens reach.
const bearer = /^Bearer +([A-Za-z0-9._~+/-]{1,8192}=*)$/i

/** Returns the bearer token in an `Authorization` header (RFC 6750), or undefined if the header has another form. */
export const bearerToken = (authorization: string | undefined): string | undefined => bearer.exec(authorization ?? '')?.[1]
