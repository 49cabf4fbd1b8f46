/**
 * The AWS JSON 1.1 form of an SDK output type. Dates are seconds since the epoch, and bytes are base64. `$metadata` is omitted,
 * because the SDK itself adds it from the HTTP response.
 */
export type WireForm<Output> = WireValue<Omit<Output, '$metadata'>>

type WireValue<Value> =
  Value extends Date ? number
    : Value extends Uint8Array ? string
      : Value extends readonly (infer Member)[] ? WireValue<Member>[]
        : Value extends object ? { [Key in keyof Value]: WireValue<Value[Key]> }
          : Value

/** Converts a time in milliseconds since the epoch to AWS's format: seconds with a fraction. */
export function seconds (milliseconds: number): number {
  return milliseconds / 1000
}

/**
 * Does the same as `seconds`, but also accepts null, which stands for an event that has not happened. Returns undefined for null,
 * so that the reply omits the field.
 */
export function optionalSeconds (milliseconds: number | null): number | undefined {
  return milliseconds === null ? undefined : seconds(milliseconds)
}
