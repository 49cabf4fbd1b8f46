/** Returns true for the name of a header in which proxies report the origin of a request. */
export const isForwarding = (header: string): boolean => header === 'forwarded' || header.startsWith('x-forwarded-')
