import { randomUUID } from 'node:crypto'
import { createTraceState, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Span as SdkSpan } from '@opentelemetry/api'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { defaultResource, detectResources, envDetector, resourceFromAttributes, type Resource } from '@opentelemetry/resources'
import {
  AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider,
  type ReadableSpan, type Sampler, type SpanExporter
} from '@opentelemetry/sdk-trace'
import { monotonic } from '#src/clock'
import { createSpanQueue, type ExportEvents, type SendSpans } from './span-queue.ts'
import type { TracingSettings } from './settings.ts'
import type { Span, SpanOptions } from './span.ts'
import type { TraceContext } from './trace-context.ts'
import type { Tracer } from './tracer.ts'

const exporters = { 'http/protobuf': ProtobufExporter, 'http/json': JsonExporter } as const

const samplers: Readonly<Record<TracingSettings['sampler'], (ratio: number) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) })
}

/** The longest time, in milliseconds, that the shutdown waits for the collector. */
const longestFlush = 2_000

/**
 * Creates a tracer that exports spans over OTLP. The exporter itself reads the environment variables for its headers,
 * certificates, timeout and compression. No other module imports OpenTelemetry, and this one is loaded only if tracing is on.
 */
export function openTelemetry (settings: TracingSettings, events: ExportEvents): Tracer {
  const { url, protocol, sampler, ratio, service, queue: limits } = settings
  const exporter = new exporters[protocol]({ url, concurrencyLimit: 1 })
  const queue = createSpanQueue(sendWith(exporter), limits, events)
  const provider = new TracerProvider({
    resource: resourceOf(service),
    sampler: samplers[sampler](ratio),
    spanProcessors: [{
      onStart: () => undefined,
      onEnd (span) { if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) queue.add(span) },
      forceFlush: async () => Promise.resolve(),
      shutdown: async () => Promise.resolve()
    }]
  })
  const tracer = provider.getTracer('secrets-gateway')

  function spanOf (span: SdkSpan): Span {
    const context = trace.setSpan(ROOT_CONTEXT, span)
    const { traceId, spanId } = span.spanContext()
    return {
      traceId,
      spanId,
      begin (name, { kind, attributes = {}, ago = 0 }: SpanOptions = {}) {
        const sdkKind = kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL
        return spanOf(tracer.startSpan(name, { kind: sdkKind, attributes, startTime: monotonic() - ago }, context))
      },
      set (attributes) { span.setAttributes(attributes) },
      end (failure) {
        if (failure !== undefined) span.setAttribute('error.type', failure).setStatus({ code: SpanStatusCode.ERROR })
        span.end(monotonic())
      }
    }
  }

  return {
    begin (name, context, attributes) {
      const options = { kind: SpanKind.SERVER, attributes, startTime: monotonic() }
      const span = tracer.startSpan(name, options, context === undefined ? ROOT_CONTEXT : contextOf(context))
      const { traceId, spanId } = span.spanContext()
      return span.isRecording() ? { traceId, spanId, span: spanOf(span) } : { traceId, spanId }
    },
    counts: queue.counts,
    async close () {
      await queue.flush(longestFlush)
      // This is not awaited, because it would wait for the collector's answer.
      void exporter.shutdown()
    }
  }
}

/** Returns the context of a span whose parent is the caller's span. */
const contextOf = ({ traceId, parentId, flags, state }: TraceContext): typeof ROOT_CONTEXT => trace.setSpanContext(ROOT_CONTEXT, {
  traceId,
  spanId: parentId,
  traceFlags: flags & TraceFlags.SAMPLED,
  isRemote: true,
  ...state !== undefined && { traceState: createTraceState(state) }
})

/** Describes this process. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` take precedence. */
const resourceOf = (service: string): Resource => defaultResource()
  .merge(resourceFromAttributes({ 'service.name': service, 'service.instance.id': randomUUID() }))
  .merge(detectResources({ detectors: [envDetector] }))

/**
 * Sends spans with the exporter. Reports a failure by its code, such as `ECONNREFUSED` or an HTTP status, because the message
 * could contain anything.
 */
const sendWith = (exporter: SpanExporter): SendSpans<ReadableSpan> => async (spans) => new Promise((resolve) => {
  exporter.export(spans, ({ error }) => {
    const { code, name }: { code?: string | number, name?: string } = error ?? {}
    resolve(error && String(code ?? name))
  })
})
