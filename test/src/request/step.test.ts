import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { denied } from '#src/authorization/decision'
import { finders, readFound, type Found } from '#src/request/found'
import { runReplySteps, runSteps, type ReplyStep, type Step } from '#src/request/step'

interface Server {
  fastify: FastifyInstance
  get: () => Promise<{ status: number, text: string }>
}

/** Starts a server whose only route runs these steps, and then replies with their results. */
async function serve (t: Test, steps: readonly Step[], replySteps: readonly ReplyStep[] = []): Promise<Server> {
  const fastify = Fastify()
  t.teardown(async () => fastify.close())
  fastify.decorateRequest('found')
  fastify.addHook('onRequest', (request, _reply, done) => {
    request.found = {}
    done()
  })
  fastify.get('/', { onRequest: runSteps(steps), onSend: runReplySteps(replySteps) }, async ({ found }) => found)
  const url = await fastify.listen({ host: '127.0.0.1', port: 0 })
  return {
    fastify,
    get: async () => {
      const reply = await fetch(url)
      return { status: reply.status, text: await reply.text() }
    }
  }
}

const found = (fields: object): Partial<Found> => fields
const later = async <T>(value: T): Promise<T> => new Promise((resolve) => { setImmediate(() => { resolve(value) }) })

t.test('steps run in order, whether they have to wait or not', async (t) => {
  const order: number[] = []
  const { get } = await serve(t, [
    (): undefined => { order.push(1) },
    async () => {
      await later(undefined)
      order.push(2)
      return found({ credentialId: 'a' })
    },
    ({ found: { credentialId } }) => {
      order.push(3)
      return found({ secretName: `of ${credentialId}` })
    },
    async () => later(undefined)
  ])
  t.same(await get(), { status: 200, text: '{"credentialId":"a","secretName":"of a"}' })
  t.same(order, [1, 2, 3])
})

t.test('a request whose steps do not wait is handled in one turn of the event loop', async (t) => {
  const { fastify } = await serve(t, [(): undefined => undefined, () => found({ credentialId: 'a' })])
  let turns = 0
  const handler = runSteps([(): undefined => undefined, () => found({ decision: denied })])
  handler.call(fastify, { found: {} } as never, {} as never, () => { turns += 1 })
  t.equal(turns, 1, 'all steps have run when the call returns')
})

t.test('a step that throws, immediately or later, refuses the request', async (t) => {
  for (const refuse of [() => { throw new Error('refused') }, async () => { await later(undefined); throw new Error('refused') }] as const) {
    let reached = false
    const { get } = await serve(t, [refuse, (): undefined => { reached = true }])
    t.match(await get(), { status: 500, text: /refused/ })
    t.notOk(reached)
  }
})

t.test('only one step can write a field', async (t) => {
  for (const second of [() => found({ credentialId: 'b' }), async () => later(found({ credentialId: 'b' }))]) {
    const { get } = await serve(t, [() => found({ credentialId: 'a' }), second])
    t.match(await get(), { status: 500, text: /A second step has found request\.found\.credentialId/ })
  }
})

t.test('reading a field before its step has run throws an error that names the step', async (t) => {
  const { get } = await serve(t, [(request): undefined => { readFound(request, 'scope') }])
  t.match(await get(), { status: 500, text: /request\.scope was read, but the step openScope has not found it/ })
  for (const field of Object.keys(finders) as (keyof typeof finders)[]) {
    t.throws(() => readFound({ found: {} } as never, field), TypeError)
    t.equal(readFound({ found: { [field]: 'x' } } as never, field), 'x')
  }
})

t.test('steps of a reply pass the payload on, and can fail', async (t) => {
  const append = (text: string) => (payload: unknown): string => `${String(payload)}${text}`
  const { get } = await serve(t, [], [
    (_request, _reply, payload) => append('1')(payload), async (_request, _reply, payload) => later(append('2')(payload)), (_request, _reply, payload) => append('3')(payload)
  ])
  t.same(await get(), { status: 200, text: '{}123' })
  for (const fail of [() => { throw new Error('failed') }, async () => { await later(undefined); throw new Error('failed') }]) {
    let calls = 0
    // Only the first call of the step fails. The second call is for the error reply, which passes through the step, too.
    const server = await serve(t, [], [(_request, _reply, payload) => calls++ === 0 ? fail() : payload])
    t.match(await server.get(), { status: 500, text: /failed/ })
  }
})
