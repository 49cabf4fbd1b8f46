/**
 * The point of an attempt at which the fault occurs: after the first bytes of the request, after the whole request, or in the
 * middle of the reply's head or body.
 */
export type Stage = 'begun' | 'asked' | 'head' | 'body'

/**
 * The fault between the gateway and AWS:
 *
 * - `reset`, `closed`: The connection is reset (RST) or closed (FIN). Before the stage `asked`, AWS does not get the request.
 *   From that stage on, AWS carries it out.
 * - `stall`: Nothing more arrives. The connection stays open.
 * - `drip`: The rest of the reply arrives byte by byte, so slowly that it is never complete in time.
 * - `held`: AWS gets the request only after the fault has ended.
 * - `slow`: AWS gets the request only after some milliseconds.
 * - `reply`: Another server answers in AWS's place.
 * - `body`: AWS carries the request out, and its reply has another body.
 * - `garbage`: The answer is not HTTP.
 * - `plain`: The answer is not TLS.
 * - `certificate`: The server shows a wrong certificate.
 * - `refused`: Nothing listens on the port.
 * - `dropped`: The packets that open a connection (SYN) are dropped.
 * - `unresolved`: The host name does not resolve.
 */
export type Fault =
  | { readonly kind: 'reset' | 'closed' | 'stall' | 'drip', readonly stage: Stage }
  | { readonly kind: 'reply', readonly status: number, readonly headers?: Readonly<Record<string, string>>, readonly body?: string }
  | { readonly kind: 'body', readonly of: (body: string) => string }
  | { readonly kind: 'certificate', readonly certificate: string }
  | { readonly kind: 'slow', readonly milliseconds: number }
  | { readonly kind: 'held' | 'garbage' | 'plain' | 'refused' | 'dropped' | 'unresolved' }
