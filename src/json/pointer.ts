/** The maximum length of a token, in characters. The member's name may come from a request, and so be very long. */
const maximumLength = 128

/** Returns a member's name as a reference token of a JSON pointer (RFC 6901), shortened if it is long. */
export const pointerToken = (name: string): string => name.slice(0, maximumLength).replaceAll('~', '~0').replaceAll('/', '~1')
