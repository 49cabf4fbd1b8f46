/**
 * The JSON of an SDK output type in AWS JSON 1.1: dates are seconds since the epoch, bytes are base64, and there is no
 * `$metadata`, which the SDK itself adds from the HTTP response.
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

/** Like `seconds`, for an event that may not have happened. `undefined` leaves the field out of the reply. */
export function optionalSeconds (milliseconds: number | null): number | undefined {
  return milliseconds === null ? undefined : seconds(milliseconds)
}
