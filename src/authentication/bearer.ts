// The `b64token` of RFC 6750, with a maximum length that no issuer's token reaches.
const bearer = /^Bearer +([A-Za-z0-9._~+/-]{1,8192}=*)$/i

/** Returns the bearer token in an `Authorization` header (RFC 6750), or undefined if it does not have that form. */
export const bearerToken = (authorization: string | undefined): string | undefined => bearer.exec(authorization ?? '')?.[1]
