import type { FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import type { Limiter } from '#src/http/rate-limit'
import { Problem } from '#src/problems/problem'
import { authenticate } from '#src/request/steps/authenticate'
import { refuseCrossSite } from '#src/request/steps/refuse-cross-site'
import { verifySignature } from '#src/request/steps/verify-signature'

/** The parts of a request that the steps read. It is a browser's request with a client certificate and an invalid signature. */
const request = {
  caller: { method: 'mtls' }, headers: { 'sec-fetch-site': 'cross-site' }, found: { awsClaim: {} }, body: undefined
} as unknown as FastifyRequest
const reply = {} as FastifyReply

const unauthenticated = new Problem('unauthenticated')
const refuse = (): never => { throw unauthenticated }

/** The steps that refuse this request, each with its problem. */
const steps = {
  authenticate: [(limit: Limiter) => authenticate(refuse, limit), 'unauthenticated'],
  refuseCrossSite: [refuseCrossSite, 'cross-site-request'],
  verifySignature: [(limit: Limiter) => verifySignature(refuse, limit), 'unauthenticated']
} as const

for (const [name, [create, code]] of Object.entries(steps)) {
  t.test(`${name} refuses a request after it was counted, whether or not the count has to wait for other replicas`, async (t) => {
    const problem = async (limiter: Limiter): Promise<unknown> => {
      try {
        return await create(limiter)(request, reply)
      } catch (error) {
        return (error as Problem).code
      }
    }
    t.equal(await problem(() => undefined), code)
    t.equal(await problem(async () => Promise.resolve(undefined)), code)
    t.equal(await problem(() => { throw new Problem('rate-limited') }), 'rate-limited')
    t.equal(await problem(async () => Promise.reject(new Problem('rate-limited'))), 'rate-limited')
  })
}
