import type { FastifyReply, FastifyRequest, onRequestHookHandler, onSendHookHandler } from 'fastify'
import type { Found } from './found.ts'

type HookParameters = Parameters<onRequestHookHandler>
type ReplyHookParameters = [FastifyRequest, FastifyReply, Parameters<onSendHookHandler>[3]]

type Finding = Partial<Found> | undefined

/**
 * A step of the request pipeline. Performs a check, or returns a result for later steps. Throws a `Problem` to refuse the
 * request. Returns a promise only if it has to wait. A request whose steps never wait is therefore handled in one turn of the
 * event loop.
 */
export type Step = (request: FastifyRequest, reply: FastifyReply) => Finding | Promise<Finding>

/**
 * A step that runs after the handler and before the reply is sent. Returns the payload to send, which may differ from the given
 * one.
 */
export type ReplyStep = (request: FastifyRequest, reply: FastifyReply, payload: unknown) => unknown

/** Combines steps into a single Fastify hook, which runs them in order and adds their results to `request.found`. */
export const runSteps = (steps: readonly Step[]): onRequestHookHandler => {
  function runFrom (start: number, finding: Finding, ...[request, reply, done]: HookParameters): void {
    try {
      keep(request.found, finding)
      for (let position = start; position < steps.length; position++) {
        const next = steps[position]?.(request, reply)
        if (next instanceof Promise) {
          next.then((found) => { runFrom(position + 1, found, request, reply, done) }, done)
          return
        }
        keep(request.found, next)
      }
    } catch (error) {
      done(error as Error)
      return
    }
    done()
  }
  return (...parameters) => { runFrom(0, undefined, ...parameters) }
}

/** Combines reply steps into a single Fastify hook. Each step receives the payload that the previous one returned. */
export const runReplySteps = (steps: readonly ReplyStep[]): onSendHookHandler => {
  function runFrom (start: number, payload: unknown, ...[request, reply, done]: ReplyHookParameters): void {
    let current = payload
    try {
      for (let position = start; position < steps.length; position++) {
        current = steps[position]?.(request, reply, current)
        if (current instanceof Promise) {
          current.then((next) => { runFrom(position + 1, next, request, reply, done) }, done)
          return
        }
      }
    } catch (error) {
      done(error as Error)
      return
    }
    done(null, current)
  }
  return (request, reply, payload, done) => { runFrom(0, payload, request, reply, done) }
}

/** Adds a step's result to the earlier ones. @throws TypeError if another step has already written one of its fields */
function keep (found: Record<string, unknown>, finding: Finding): void {
  if (finding === undefined) return
  for (const field in finding) {
    if (Object.hasOwn(found, field)) throw new TypeError(`A second step has found request.found.${field}`)
    found[field] = finding[field as keyof Found]
  }
}
