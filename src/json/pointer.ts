/** The maximum length of a member's name in a pointer. Names may come from a request and be very long, so they are cut off. */
const maximumLength = 128

/** Returns a member's name as a reference token of a JSON pointer (RFC 6901), shortened if it is long. */
export const pointerToken = (name: string): string => name.slice(0, maximumLength).replaceAll('~', '~0').replaceAll('/', '~1')
