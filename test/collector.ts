import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import type { Test } from 'tap'
import type { TracingSettings } from '#src/tracing/settings'
import { readExport } from './otlp.ts'
import { until } from './until.ts'

/** A span as a collector receives it, with the attributes of the process that it comes from. */
export interface ReceivedSpan {
  traceId: string
  spanId: string
  parentSpanId: string
  name: string
  kind: string
  /** The duration of the span, in milliseconds. */
  milliseconds: number
  attributes: Record<string, unknown>
  /** The status `error`, or undefined. */
  status: 'error' | undefined
  traceState: string
  resource: Record<string, unknown>
}

/** A collector that receives spans over OTLP/HTTP. */
export interface Collector {
  url: string
  /** The spans so far. */
  spans: ReceivedSpan[]
  /** The bodies so far, decompressed, but otherwise unchanged. */
  bodies: Buffer[]
  /** The headers of each export. */
  headers: IncomingHttpHeaders[]
  /** Waits until a span arrives, and returns it with all spans of its trace that have arrived. */
  trace: (isWanted: (span: ReceivedSpan) => boolean) => Promise<ReceivedSpan[]>
}

/**
 * Starts a collector.
 *
 * @param answer ends the reply to an export; by default with an empty message, which means success
 */
export async function startCollector (
  t: Test, answer: (reply: ServerResponse) => void = (reply) => { reply.end() }
): Promise<Collector> {
  const spans: ReceivedSpan[] = []
  const bodies: Buffer[] = []
  const headers: IncomingHttpHeaders[] = []
  const server = createServer((request, reply) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => { chunks.push(chunk) })
    request.on('end', () => {
      const sent = Buffer.concat(chunks)
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
      headers.push(request.headers)
      bodies.push(body)
      const type = request.headers['content-type'] ?? ''
      spans.push(...readExport(type, body))
      reply.setHeader('content-type', type)
      answer(reply)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    spans,
    bodies,
    headers,
    async trace (isWanted) {
      await until(() => spans.some(isWanted))
      const { traceId } = spans.find(isWanted) ?? {}
      return spans.filter((span) => span.traceId === traceId)
    }
  }
}

/** Settings that export all spans of a test almost at once. */
export const tracingTo = (url: string, change: Partial<TracingSettings> = {}): TracingSettings => ({
  url,
  protocol: 'http/json',
  sampler: 'parentbased_always_on',
  ratio: 1,
  service: 'gateway-under-test',
  queue: { size: 10_000, batch: 1_000, delay: 10 },
  ...change
})
