/**
 * An SDK's output as it travels in AWS JSON 1.1: dates as seconds since the epoch, bytes as base64, and without `$metadata`,
 * which the SDK makes up from the HTTP response.
 */
export type WireForm<Output> = WireValue<Omit<Output, '$metadata'>>

type WireValue<Value> =
  Value extends Date ? number
    : Value extends Uint8Array ? string
      : Value extends readonly (infer Member)[] ? WireValue<Member>[]
        : Value extends object ? { [Key in keyof Value]: WireValue<Value[Key]> }
          : Value

/** A time in milliseconds since the epoch as AWS writes it: seconds with a fraction. */
export function seconds (milliseconds: number): number {
  return milliseconds / 1000
}

/** As `seconds`, for a time that may never have come: the field is then left out of the response. */
export function optionalSeconds (milliseconds: number | null): number | undefined {
  return milliseconds === null ? undefined : seconds(milliseconds)
}
