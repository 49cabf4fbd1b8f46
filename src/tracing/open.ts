import type { ExportEvents } from './span-queue.ts'
import type { TracingSettings } from './settings.ts'
import type { Tracer } from './tracer.ts'

/** Opens the tracer. OpenTelemetry is imported here, so that a gateway without tracing never loads it. */
export async function openTracer (settings: TracingSettings, events: ExportEvents): Promise<Tracer> {
  const { openTelemetry } = await import('./opentelemetry.ts')
  return openTelemetry(settings, events)
}
