/** Calls to the gateway's API with the visitor's token. */

import { token } from './session.js'

/**
 * @typedef {{ in: string, pointer: string, message: string }} RequestError
 * @typedef {{ code: string, title: string, detail: string, requestId?: string, errors?: RequestError[] }} ProblemDocument
 */

/** A request that was refused or not answered. */
export class Refusal extends Error {
  /**
   * @param {ProblemDocument} problem
   * @param {string | undefined} action the permission that the request needs
   * @param {number | undefined} retryAfter in seconds
   */
  constructor (problem, action, retryAfter) {
    super(problem.title)
    this.problem = problem
    this.action = action
    this.retryAfter = retryAfter
  }
}

const unreachable = { code: 'unreachable', title: 'The gateway does not answer', detail: '' }
const unreadable = { code: 'unreadable', title: 'The reply is not the gateway’s', detail: '' }

/**
 * @typedef {object} Options
 * @property {string} needs the permission that the request needs, for the message if it is refused
 * @property {string} [body] JSON
 * @property {string} [type] the body's media type
 * @property {string} [ifMatch] the `If-Match` header
 */

/**
 * Sends a request and returns the reply's JSON. The caller has to state its type.
 *
 * @param {string} method
 * @param {string} path
 * @param {Options} options
 * @returns {Promise<any>}
 * @throws Refusal
 */
export async function call (method, path, { needs, body, type = 'application/json', ifMatch }) {
  const headers = {
    authorization: `Bearer ${token()}`,
    accept: 'application/json',
    ...body !== undefined && { 'content-type': type },
    ...ifMatch !== undefined && { 'if-match': ifMatch }
  }
  const reply = await fetch(path, { method, headers, cache: 'no-store', credentials: 'omit', redirect: 'error', ...body !== undefined && { body } })
    .catch(() => { throw new Refusal(unreachable, needs, undefined) })
  const json = await reply.json().catch(() => { throw new Refusal(unreadable, needs, undefined) })
  if (reply.ok) return json
  const retryAfter = Number(reply.headers.get('retry-after') ?? NaN)
  throw new Refusal(json, needs, Number.isFinite(retryAfter) ? retryAfter : undefined)
}

/**
 * Shows the visitor's caller ID in an element. The page works without it, so after a failure, the element stays empty.
 *
 * @param {HTMLElement} element
 */
export async function showCaller (element) {
  const asked = token()
  const { id = '' } = await call('GET', '/auth/caller', { needs: 'a token' }).catch(() => ({}))
  if (token() !== asked) return
  element.textContent = id
  element.title = element.textContent
}

/**
 * Returns the path of an environment, or of a resource in it.
 *
 * @param {string} environment
 * @param {string} [rest]
 */
export const environmentPath = (environment, rest = '') => `/environments/${encodeURIComponent(environment)}${rest}`

/**
 * Returns the path of a secret, or of a resource below it.
 *
 * @param {string} environment
 * @param {string} name
 * @param {string} [rest]
 */
export const secretPath = (environment, name, rest = '') => environmentPath(environment, `/secrets/${encodeURIComponent(name)}${rest}`)

/**
 * Yields all pages of a list.
 *
 * @param {string} path
 * @param {Readonly<Record<string, string>>} query
 * @param {string} needs
 * @returns {AsyncGenerator<any>}
 */
export async function* pages (path, query, needs) {
  /** @type {string | undefined} */
  let cursor
  do {
    const page = await call('GET', `${path}?${new URLSearchParams({ ...query, limit: '100', ...cursor !== undefined && { cursor } })}`, { needs })
    yield page
    cursor = page.nextCursor
  } while (cursor !== undefined)
}

/**
 * Returns the value of `If-Match` that matches only while this version is current or, without a version, only if the secret
 * exists. It is encoded like the gateway's `ETag`.
 *
 * @param {string | undefined} versionId
 */
export const ifCurrent = (versionId) => versionId === undefined
  ? '*'
  : `"${/^[!#$&-+\--~]*$/.test(versionId) ? versionId : encodeURIComponent(versionId)}"`
