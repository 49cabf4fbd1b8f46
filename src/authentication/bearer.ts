// b64token of RFC 6750, bounded: longer than any token that an issuer makes.
const bearer = /^Bearer +([A-Za-z0-9._~+/-]{1,8192}=*)$/i

/** The token in an `Authorization` header (RFC 6750), or undefined where there is none of that form. */
export const bearerToken = (authorization: string | undefined): string | undefined => bearer.exec(authorization ?? '')?.[1]
