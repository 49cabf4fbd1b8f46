/** Returns true for the name of a header with which proxies report where a request came from. */
export const isForwarding = (header: string): boolean => header === 'forwarded' || header.startsWith('x-forwarded-')
