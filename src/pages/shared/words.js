/** The pages' texts for each problem: what has happened, and what the visitor can do next. */

import { Refusal } from './gateway.js'

/**
 * @typedef {object} Context
 * @property {string} [environment]
 * @property {string} [name] the secret's name
 *
 * @typedef {{ title: string, next: string, requestId?: string, isSignedOut?: boolean }} Words
 */

const waiting = 'Wait a little, and try again.'
/** For problems after which a write may have been carried out all the same. */
const looking = 'Wait a little. Reload to see whether a change was made, and try again.'
const operators = 'whoever runs this gateway'

/** @type {Readonly<Record<string, (refusal: Refusal, context: Context) => Words>>} */
const table = {
  unauthenticated: () => ({
    title: 'The gateway does not accept this token.',
    next: `It is mistyped, or it has expired. Sign in with a new one: ${operators} issues API keys, and a token of your organization’s sign-in works as well.`,
    isSignedOut: true
  }),
  forbidden: ({ action }, { environment }) => ({
    title: `You may not do this${environment === undefined ? '' : ` in ${environment}`}.`,
    next: `Ask ${operators} for the permission ${action ?? 'to do it'}.`
  }),
  'not-found': ({ problem: { detail } }) => ({ title: detail.replaceAll('`', '“').replace(/“(?=[,. ])/g, '”'), next: 'Choose one of the environments that you can see.' }),
  'secret-not-found': (_refusal, { environment = 'this environment', name = '' }) => ({
    title: `There is no secret “${name}” in ${environment}.`,
    next: 'It may have been deleted or renamed since the list was loaded. Reload the list.'
  }),
  'secret-exists': (_refusal, { environment = 'this environment' }) => ({
    title: `A secret with this name exists in ${environment}.`,
    next: 'Choose another name, or open that secret and replace its value.'
  }),
  'secret-has-no-value': () => ({ title: 'This secret is a placeholder: it has no value yet.', next: 'Set its first value.' }),
  'version-not-found': () => ({ title: 'This version no longer exists.', next: 'Reload the secret to see its versions.' }),
  'version-has-no-value': () => ({ title: 'This version has no value.', next: 'Choose another version.' }),
  'secret-pending-deletion': () => ({ title: 'This secret is scheduled for deletion.', next: 'Restore it first. Nothing else can be done with it.' }),
  'precondition-failed': () => ({
    title: 'Somebody has changed this secret since you opened it. Nothing was written.',
    next: 'Reload it to see the version that is current now, and then decide again.'
  }),
  'precondition-not-met': () => ({ title: 'AWS can’t do this while the secret is in its present state.', next: 'Reload the secret to see its state.' }),
  'write-conflict': () => ({ title: 'Others are changing this secret at the same time. Nothing was written.', next: waiting }),
  'rotation-in-progress': () => ({ title: 'This secret is being rotated.', next: 'Wait until the rotation has ended, and try again. If it has failed, turn the rotation off, and discard its version.' }),
  'value-not-object': () => ({ title: 'The value is not a JSON object, so it has no keys.', next: 'Replace the whole value instead.' }),
  'value-not-json': () => ({ title: 'The value is not JSON, so it has no keys.', next: 'Replace the whole value instead.' }),
  'value-binary': () => ({ title: 'The value is binary, so it has no keys.', next: 'Replace the whole value instead.' }),
  'secret-has-replicas': () => ({ title: 'This secret has replicas in other regions.', next: 'Delete the replicas as well: there is a box for that in the question.' }),
  'deletion-protected': ({ problem: { title } }) => ({ title: `${title}.`, next: 'Schedule the deletion instead, so that the secret can be restored.' }),
  'payload-too-large': () => ({ title: 'The value is too long.', next: 'A secret holds at most 65,536 bytes.' }),
  'uri-too-long': () => ({ title: 'The name is too long.', next: 'A name has at most 512 characters, including the prefix of its environment.' }),
  'invalid-request': ({ problem: { errors = [] } }) => ({
    title: 'The gateway can’t take this.',
    next: errors.map(({ pointer, message }) => `${pointer.slice(1) || 'It'} ${message}.`).join(' ')
  }),
  'aws-access-denied': ({ problem: { detail } }) => ({ title: detail, next: `Ask ${operators}: the gateway’s own AWS credential lacks the permission, not you.` }),
  'credential-invalid': () => ({ title: 'AWS does not accept the gateway’s credential.', next: `Tell ${operators}.` }),
  'credential-account-mismatch': () => ({ title: 'The gateway’s credential belongs to another AWS account than this environment.', next: `Tell ${operators}.` }),
  // The API's own advice has backticks, and is about HTTP.
  'aws-refused': ({ problem: { detail } }) => ({ title: 'AWS refuses this. Nothing was written.', next: detail.includes('`') ? 'It gives no reason.' : `It says: ${detail}` }),
  'kms-failure': () => ({ title: 'AWS can’t use the secret’s KMS key.', next: `Ask ${operators} whether the key is enabled, and whether the gateway may use it.` }),
  'aws-limit-exceeded': ({ problem: { title } }) => ({ title: `${title}.`, next: 'Delete what is no longer needed, or try again later.' }),
  'rate-limited': ({ retryAfter = 1 }) => ({ title: 'You have sent too many requests.', next: `Try again in ${retryAfter} s.` }),
  'aws-throttled': () => ({ title: 'AWS is refusing further requests for the moment.', next: waiting }),
  'aws-unavailable': () => ({ title: 'AWS does not answer.', next: looking }),
  'aws-timeout': () => ({ title: 'AWS has not answered in time.', next: looking }),
  overloaded: () => ({ title: 'The gateway is busy.', next: looking }),
  'identity-provider-unavailable': () => ({ title: 'The token can’t be checked, because its issuer does not answer.', next: waiting }),
  'audit-unavailable': () => ({ title: 'The gateway can’t record requests, and so refuses them.', next: `Tell ${operators}. Reload to see whether a change was made.` }),
  'request-timeout': () => ({ title: 'The request did not reach the gateway in time.', next: 'Check your connection, and try again.' }),
  unreachable: () => ({ title: 'The gateway does not answer.', next: 'Check your connection. Reload to see whether a change was made, and try again.' }),
  unreadable: () => ({ title: 'Something between you and the gateway has answered in its place.', next: 'Check your connection or proxy, and try again.' })
}

/**
 * Returns the words for an error.
 *
 * @param {unknown} error
 * @param {Context} [context]
 * @returns {Words}
 */
export function wordsFor (error, context = {}) {
  if (!(error instanceof Refusal)) return { title: error instanceof Error ? error.message : 'Something has failed.', next: '' }
  const { code, title, requestId } = error.problem
  const words = table[code]?.(error, context) ?? { title: `${title}.`, next: `If it happens again, tell ${operators}, with the request’s ID.` }
  return requestId === undefined ? words : { ...words, requestId }
}
