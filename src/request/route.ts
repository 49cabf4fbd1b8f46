import type { FastifyContextConfig, RouteOptions } from 'fastify'
import { actionTable, isAction, type ResourceType } from '#src/authorization/actions'

/** The resource types whose actions a route may declare, by the subject that its folder declares. */
const subjects: Readonly<Record<NonNullable<FastifyContextConfig['about']>, ResourceType>> = {
  environment: 'Environment',
  secret: 'Secret',
  credential: 'Credential'
}

/**
 * Completes and checks the declarations of a route when it is registered.
 *
 * @param defaults the declarations of the route's folder, for all of its routes
 * @throws TypeError if the route declares no action, or one that can't be performed on its subject
 */
export function routeConfig (
  { method, url, schema, config }: RouteOptions, defaults: FastifyContextConfig
): FastifyContextConfig {
  const declared: FastifyContextConfig = { ...defaults, ...config }
  const { action, about } = declared
  if (!(action === 'Public' || action === 'Own' || isAction(action))) {
    throw new TypeError(`The route ${String(method)} ${url} declares no action`)
  }
  const subject = about === undefined ? subjectOf(url) : subjects[about]
  if (subject !== undefined && !(isAction(action) && actionTable[action].on.includes(subject))) {
    throw new TypeError(`The route ${String(method)} ${url} declares ${action}, which can't be done to what it is about`)
  }
  if (about === undefined && subject !== undefined) {
    throw new TypeError(`The route ${String(method)} ${url} is outside the folder of its ${subject}, and nobody would check it`)
  }
  const { properties = {} } = (schema?.headers ?? {}) as { properties?: Record<string, unknown> }
  return { ...declared, headers: Object.keys(properties).map((name) => name.toLowerCase()) }
}

/** Returns the subject that a path suggests. Used only to detect a route in the wrong folder, never to decide about a request. */
function subjectOf (url: string): ResourceType | undefined {
  if (!url.includes('/:env')) return undefined
  return url.includes('/:name') ? 'Secret' : 'Environment'
}
