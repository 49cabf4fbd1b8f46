import { isDeepStrictEqual } from 'node:util'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ConfigError } from '#src/config/issues'
import type { MetricsAddress } from '#src/config/metrics'
import { whyNotReady } from '#src/http/readiness'
import { expositionType } from '#src/metrics/exposition'
import { createMetrics } from '#src/metrics/metrics'
import { measureProcess } from '#src/metrics/process'

/**
 * The limits on connections to the metrics. Only a scraper and some probers connect. The times, in milliseconds, are for a
 * request to arrive, and for a connection without progress during a request.
 */
const limits = { connections: 50, request: 10_000, progress: 30_000 }

/**
 * Measures the gateway's work, and reports the metrics in Prometheus's format at `/metrics`. The metrics have a separate
 * listener, because scrapers usually run on other machines than callers.
 */
export default fp(async (fastify) => {
  const { config, log } = fastify
  const { metrics: address } = config.current.server
  const metrics = createMetrics()
  const { families, stop } = measureProcess()
  metrics.add(families)
  metrics.gauge({ name: 'secrets_gateway_configuration_refused', help: '1 if the last reload of the configuration was refused.', labels: [] },
    () => [{ labels: {}, value: config.isRefused() ? 1 : 0 }])
  fastify.decorate('metrics', metrics)
  fastify.addHook('onClose', async () => { stop() })

  config.derive(({ server }) => {
    if (isDeepStrictEqual(server.metrics, address)) return
    throw new ConfigError([{ key: 'server.metrics', found: 'a change', expected: 'the same as at the start: a change requires a restart' }])
  })
  if (address === undefined) return
  const listener = Fastify({
    forceCloseConnections: true,
    requestTimeout: limits.request,
    connectionTimeout: limits.progress,
    http: { headersTimeout: limits.request, connectionsCheckingInterval: 500 }
  })
  listener.server.maxConnections = limits.connections
  listener.get('/metrics', async (_request, reply) => reply.type(expositionType).send(metrics.text()))
  // The probes are served here as well, because the other listener may require a client certificate, and probers have none.
  listener.get('/health/live', async () => ({ status: 'ok' }))
  listener.get('/health/ready', async (_request, reply) => {
    const problem = whyNotReady(fastify)
    return problem === undefined ? { status: 'ok' } : reply.code(problem.status).send({ status: problem.code })
  })
  fastify.addHook('onReady', async () => listen(listener, address, log))
  fastify.addHook('onClose', async () => listener.close())
}, { name: 'metrics', dependencies: ['config'] })

/** @throws ConfigError if the address is in use or can't be bound */
async function listen (
  listener: FastifyInstance, { host, port }: MetricsAddress, log: FastifyBaseLogger
): Promise<void> {
  try {
    log.info({ metrics: `${await listener.listen({ host, port })}/metrics` }, 'listening')
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error && 'code' in error)) throw error
    throw new ConfigError([{ key: 'server.metrics', found: `${String(error.code)} on ${host}, ${port}`, expected: 'a free address' }])
  }
}
