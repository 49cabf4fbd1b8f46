import type { FastifyContextConfig, RouteOptions } from 'fastify'
import { actionTable, isAction, type ResourceType } from '#src/authorization/actions'

/** The Cedar resource type of each kind of subject. A route may declare only actions that apply to the type of its subject. */
const subjects: Readonly<Record<NonNullable<FastifyContextConfig['about']>, ResourceType>> = {
  environment: 'Environment',
  secret: 'Secret',
  credential: 'Credential'
}

/**
 * Merges the declarations of a route with those of its folder, and checks them. The result also lists the headers that the
 * route's schema names. This function is called when the route is registered.
 *
 * @param defaults the declarations of the route's folder, which apply to all of its routes
 * @throws TypeError if the route declares no action
 * @throws TypeError if the action does not apply to the route's subject
 * @throws TypeError if the route's path names an environment or a secret, but the route is outside the folder for such routes
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

/** Returns the resource type that a path suggests. Used only to detect a route in the wrong folder, never to handle a request. */
function subjectOf (url: string): ResourceType | undefined {
  if (!url.includes('/:env')) return undefined
  return url.includes('/:name') ? 'Secret' : 'Environment'
}
