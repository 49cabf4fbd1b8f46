import { getHeapStatistics } from 'node:v8'
import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import { overload, sampleInterval, type FindOverload } from '#src/http/overload'

declare module 'fastify' {
  interface FastifyInstance {
    /** Returns the name of the exhausted resource, or undefined if the gateway can accept further requests. */
    findOverload: FindOverload
  }
}

/** Measures the heap and the delay of the event loop, and compares them with the limits of the configuration. */
export default fp(async (fastify) => {
  // Without limits, the package only measures. The step shedLoad refuses the requests, so that the refusals are recorded.
  await fastify.register(underPressure, { sampleInterval })
  const { heap_size_limit: heapLimit } = getHeapStatistics()
  fastify.decorate('findOverload', overload(() => fastify.memoryUsage(), heapLimit, () => fastify.config.current.server.overload))
}, { name: 'overload', dependencies: ['config'] })
