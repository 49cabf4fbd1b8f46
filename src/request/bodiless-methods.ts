/**
 * The methods whose body Fastify does not read. The step `refuseUnknownHeaders` refuses a body of such a request. For other
 * methods, `refuseUnsuitableBody` and plugins/body.ts refuse a body that the route does not take.
 */
export const withoutBody: ReadonlySet<string> = new Set(['GET', 'HEAD'])
