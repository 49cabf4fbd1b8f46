import type { TracingSettings } from '#src/tracing/settings'
import type { Variables } from './schema.ts'

/** OpenTelemetry's defaults for the queue of a batch span processor. */
const queueDefaults = { size: 2_048, batch: 512, delay: 5_000 }

/**
 * Returns the settings of the traces from the environment variables. Returns undefined if traces are off or no endpoint is set.
 */
export function tracingFrom (variables: Variables): TracingSettings | undefined {
  const {
    OTEL_SDK_DISABLED: disabled,
    OTEL_TRACES_EXPORTER: exporter,
    OTEL_EXPORTER_OTLP_ENDPOINT: base,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url = base === undefined ? undefined : `${base.replace(/\/$/, '')}/v1/traces`,
    OTEL_EXPORTER_OTLP_PROTOCOL: commonProtocol = 'http/protobuf',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol = commonProtocol,
    OTEL_TRACES_SAMPLER: sampler = 'parentbased_always_on',
    OTEL_TRACES_SAMPLER_ARG: ratio = 1,
    OTEL_SERVICE_NAME: service,
    OTEL_BSP_MAX_QUEUE_SIZE: size = queueDefaults.size,
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: batch = queueDefaults.batch,
    OTEL_BSP_SCHEDULE_DELAY: delay = queueDefaults.delay
  } = variables
  if (url === undefined || disabled === 'true' || exporter === 'none') return undefined
  // A batch can't be longer than the queue, or it would never be complete.
  return { url, protocol, sampler, ratio, service, queue: { size, batch: Math.min(batch, size), delay } }
}
