/** The trace and the span of a caller, from its headers (W3C Trace Context). */
export interface TraceContext {
  readonly traceId: string
  /** The ID of the caller's span. */
  readonly parentId: string
  /** The flags. The lowest bit tells whether the caller records the trace. */
  readonly flags: number
  /** The header `tracestate`, unparsed. */
  readonly state: string | undefined
}

/**
 * The header `traceparent`: the version, the IDs of the trace and the parent, and the flags. Later versions may append fields.
 * The version ff, and IDs that are all zeros, are invalid.
 */
const pattern = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** The longest `traceparent` that is read. Version 00 has 55 characters. */
const longest = 256

/**
 * Returns the trace that a request continues, or undefined if `traceparent` is missing or malformed. A malformed header is
 * ignored instead of refused, because tracing must not make requests fail.
 */
export function traceContextFrom (
  { traceparent, tracestate }: Readonly<Record<string, string | string[] | undefined>>
): TraceContext | undefined {
  if (typeof traceparent !== 'string' || traceparent.length > longest) return undefined
  const [, version, traceId, parentId, flags = '', further] = pattern.exec(traceparent) ?? []
  if (traceId === undefined || parentId === undefined || (version === '00' && further !== undefined)) return undefined
  return { traceId, parentId, flags: Number.parseInt(flags, 16), state: tracestate?.toString() }
}
