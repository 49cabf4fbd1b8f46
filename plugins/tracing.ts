import fp from 'fastify-plugin'
import type { AppOptions } from '#src/app'
import { tracingMetrics } from '#src/metrics/tracing'
import { openTracer } from '#src/tracing/open'
import type { Tracer } from '#src/tracing/tracer'

declare module 'fastify' {
  interface FastifyInstance {
    /** Records the traces of requests. Undefined if tracing is off. */
    tracer: Tracer | undefined
  }
}

/** Exports the traces of requests, if the environment variables name a collector. */
export default fp<Pick<AppOptions, 'tracing'>>(async (fastify, { tracing }) => {
  const { log, metrics } = fastify
  const tracer = tracing === undefined ? undefined : await openTracer(tracing, {
    onFailure (reason) { log.warn({ reason }, 'spans can not be exported') },
    onRecovery () { log.info('spans are exported again') }
  })
  fastify.decorate('tracer', tracer)
  if (tracer === undefined) return
  metrics.add(tracingMetrics(tracer.counts))
  // `onClose` hooks run in the reverse order of their registration, so all requests have ended here.
  fastify.addHook('onClose', tracer.close)
}, { name: 'tracing', dependencies: ['metrics'] })
