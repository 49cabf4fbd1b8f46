// The syntax of the `Authorization` header in RFC 6750. The length limit is far above the length of real tokens.
const bearer = /^Bearer +([A-Za-z0-9._~+/-]{1,8192}=*)$/i

/** Returns the bearer token in an `Authorization` header (RFC 6750), or undefined if the header has another form. */
export const bearerToken = (authorization: string | undefined): string | undefined => bearer.exec(authorization ?? '')?.[1]
