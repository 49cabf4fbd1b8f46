/** The ways in which traces are sampled, under OpenTelemetry's names. */
export const samplerNames = [
  'always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'
] as const

/** The encodings of OTLP over HTTP. */
export const protocols = ['http/protobuf', 'http/json'] as const

export interface TracingSettings {
  /** The URL that spans are posted to. */
  readonly url: string
  readonly protocol: (typeof protocols)[number]
  readonly sampler: (typeof samplerNames)[number]
  /** The share of the traces that the `traceidratio` samplers record, from 0 to 1. */
  readonly ratio: number
  readonly service: string
  readonly queue: QueueSettings
}

/** The limits on the spans that wait to be exported. */
export interface QueueSettings {
  /** The maximum number of spans that wait. Further spans are dropped. */
  readonly size: number
  /** The maximum number of spans in one request to the collector. */
  readonly batch: number
  /** The longest time, in milliseconds, that a span waits for the rest of its batch. */
  readonly delay: number
}
