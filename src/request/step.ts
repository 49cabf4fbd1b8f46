import type { FastifyReply, FastifyRequest, onRequestHookHandler, onSendHookHandler } from 'fastify'
import type { Found } from './found.ts'

type Finding = Partial<Found> | undefined

/**
 * A step of the request pipeline. Performs a check, or returns a result for later steps. Throws a `Problem` to refuse the
 * request. Returns a promise only if it has to wait. A request whose steps never wait is therefore handled in one turn of the
 * event loop.
 */
export type Step = (request: FastifyRequest, reply: FastifyReply) => Finding | Promise<Finding>

/** A step that runs after the handler and before the reply is sent. Returns the payload to send, which may be a different one. */
export type ReplyStep = (request: FastifyRequest, reply: FastifyReply, payload: unknown) => unknown

/** Combines steps into a single Fastify hook, which runs them in order and adds their results to `request.found`. */
export const runSteps = (steps: readonly Step[]): onRequestHookHandler => (request, reply, done) => {
  const { found } = request
  const remaining = steps.values()

  function proceed (finding: Finding): void {
    try {
      keep(found, finding)
      for (const step of remaining) {
        const next = step(request, reply)
        if (next instanceof Promise) {
          next.then(proceed, done)
          return
        }
        keep(found, next)
      }
    } catch (error) {
      done(error as Error)
      return
    }
    done()
  }
  proceed(undefined)
}

/** Combines reply steps into a single Fastify hook. Each step receives the payload that the previous one returned. */
export const runReplySteps = (steps: readonly ReplyStep[]): onSendHookHandler => (request, reply, payload, done) => {
  const remaining = steps.values()

  function proceed (current: unknown): void {
    let next = current
    try {
      for (const step of remaining) {
        next = step(request, reply, next)
        if (next instanceof Promise) {
          next.then(proceed, done)
          return
        }
      }
    } catch (error) {
      done(error as Error)
      return
    }
    done(null, next)
  }
  proceed(payload)
}

/** Adds a step's result to the earlier ones. @throws TypeError if another step has already written one of its fields */
function keep (found: Partial<Found>, finding: Finding): void {
  if (finding === undefined) return
  for (const field of Object.keys(finding)) {
    if (Object.hasOwn(found, field)) throw new TypeError(`A second step has found request.found.${field}`)
  }
  Object.assign(found, finding)
}
