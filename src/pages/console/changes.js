/**
 * The changes that a visitor can make. Each function asks in a dialog, and makes the change only if the version that the visitor
 * has seen is still current (`If-Match`). It returns a sentence about the result, or undefined if the visitor has cancelled.
 */

import { ask, field, textOf, valueField, valueHint } from '../shared/dialog.js'
import { dateText, dateWords, h, plural } from '../shared/dom.js'
import { call, ifCurrent, secretPath } from '../shared/gateway.js'
import { fillPlaceholder } from '../shared/placeholder.js'

/**
 * @typedef {object} Subject
 * @property {import('./environment.js').Environment} environment
 * @property {string} name
 * @property {import('./secret.js').Metadata} metadata
 * @property {import('./rights.js').May} may
 */

/** @param {import('./secret.js').Metadata} metadata */
const currentVersion = ({ versions = {} }) => Object.keys(versions).find((id) => versions[id]?.includes('AWSCURRENT'))

/** @param {Subject} subject */
export const contextOf = ({ environment, name }) => ({ environment: environment.name, name })

/**
 * Creates a secret.
 *
 * @param {import('./environment.js').Environment} environment
 * @param {string} prefix the beginning of the name
 * @returns {Promise<string | undefined>} the name
 */
export async function createSecret (environment, prefix) {
  let name = ''
  const isDone = await ask({
    title: `New secret in ${environment.name}`,
    content: [
      field('Name', h('input', {
        id: 'new-name', name: 'name', value: prefix, required: true, maxlength: '512', pattern: '[A-Za-z0-9\\/_+=.@\\-]+', autocomplete: 'off', spellcheck: 'false'
      }), 'Letters, digits and /_+=.@- where “/” makes a folder, as in payments/db.'),
      field('Value', h('textarea', { id: 'new-value', name: 'value', autocomplete: 'off', spellcheck: 'false' }),
        `${valueHint} Leave it empty for a placeholder that somebody else fills.`),
      field('Description', h('input', { id: 'new-description', name: 'description', maxlength: '2048', autocomplete: 'off' }), 'Optional. Not secret: do not repeat the value here.')
    ],
    submit: 'Create secret',
    context: { environment: environment.name },
    send: async (answer) => {
      name = textOf(answer, 'name')
      const [value, description] = [textOf(answer, 'value'), textOf(answer, 'description')]
      await call('POST', secretPath(environment.name, name), {
        needs: 'CreateSecret', body: JSON.stringify({ ...value !== '' && { value }, ...description !== '' && { description } })
      })
    }
  })
  return isDone ? name : undefined
}

/** @param {Subject} subject @returns {Promise<string | undefined>} */
export async function replaceValue (subject) {
  const { environment, name, metadata } = subject
  let isUnchanged = false
  const isDone = await ask({
    title: `Replace the value of ${name}`,
    content: [
      valueField('replaced-value'),
      h('p', { class: 'hint' },
        `Services in ${environment.name} get it the next time they read. The value until now stays as the version AWSPREVIOUS.`)
    ],
    submit: 'Replace value',
    context: contextOf(subject),
    send: async (answer) => {
      const written = await call('PUT', secretPath(environment.name, name), {
        needs: 'PutSecretValue', body: JSON.stringify({ value: textOf(answer, 'value') }), ifMatch: ifCurrent(currentVersion(metadata))
      })
      isUnchanged = written.unchanged === true
    }
  })
  if (!isDone) return undefined
  return isUnchanged ? 'This was the value already, so there is no new version.' : 'There is a new version, and it is current.'
}

/** @param {Subject} subject @returns {Promise<string | undefined>} */
export async function setFirstValue ({ environment, name }) {
  return await fillPlaceholder(environment.name, name) ? 'The secret has a value now.' : undefined
}

/**
 * Returns a merge patch for one key. JSON is inserted as it was written, so that no digit of a number is lost.
 *
 * @param {string} key
 * @param {string} how `text`, `json` or `remove`
 * @param {string} value
 */
export function mergePatch (key, how, value) {
  if (how === 'remove') return `{${JSON.stringify(key)}:null}`
  if (how === 'text') return `{${JSON.stringify(key)}:${JSON.stringify(value)}}`
  try {
    if (JSON.parse(value) === null) throw new Error('A key can’t be null. Choose “Remove the key” instead.')
  } catch (error) {
    throw error instanceof SyntaxError ? new Error('That is not JSON. Text in JSON needs quotes: choose “Text” to write it without.') : error
  }
  return `{${JSON.stringify(key)}:${value}}`
}

/** @param {Subject} subject @param {string | undefined} key @returns {Promise<string | undefined>} */
export async function changeKey (subject, key) {
  const { environment, name, metadata } = subject
  let done = ''
  const value = field('New value', h('textarea', { id: 'key-value', name: 'value', autofocus: key !== undefined, autocomplete: 'off', spellcheck: 'false' }))
  const how = h('select', { id: 'key-how', name: 'how' },
    h('option', { value: 'text' }, 'Text'), h('option', { value: 'json' }, 'JSON: a number, true, a list or an object'), h('option', { value: 'remove' }, 'Remove the key'))
  how.addEventListener('change', () => { value.hidden = how.value === 'remove' })
  const isDone = await ask({
    title: key === undefined ? `Change one key of ${name}` : `Change “${key}” of ${name}`,
    content: [
      key === undefined
        ? field('Key', h('input', { id: 'key-name', name: 'key', required: true, autocomplete: 'off', spellcheck: 'false' }),
            'A key that the JSON object does not have is added.')
        : h('input', { type: 'hidden', name: 'key', value: key }),
      field('Kind', how),
      value,
      h('p', { class: 'hint' }, 'All other keys stay as they are.')
    ],
    submit: 'Change key',
    context: contextOf(subject),
    send: async (answer) => {
      const body = mergePatch(textOf(answer, 'key'), textOf(answer, 'how'), textOf(answer, 'value'))
      const written = await call('PATCH', secretPath(environment.name, name, '/value'), {
        needs: 'PutSecretValue and GetSecretValue', body, type: 'application/merge-patch+json', ifMatch: ifCurrent(currentVersion(metadata))
      })
      done = written.unchanged === true ? 'Nothing has changed, so there is no new version.' : `“${textOf(answer, 'key')}” is changed. The new version is current.`
    }
  })
  return isDone ? done : undefined
}

/** @param {Subject} subject @returns {Promise<string | undefined>} */
export async function editDescription (subject) {
  const { environment, name, metadata } = subject
  const isDone = await ask({
    title: `Description of ${name}`,
    content: [
      field('Description', h('textarea', { id: 'description', name: 'description', class: 'prose', maxlength: '2048', autocomplete: 'off' }, metadata.description ?? ''),
        'Not secret: do not repeat the value here.')
    ],
    submit: 'Save description',
    context: contextOf(subject),
    send: async (answer) => {
      await call('PATCH', secretPath(environment.name, name), {
        needs: 'UpdateSecret', body: JSON.stringify({ description: textOf(answer, 'description') }), ifMatch: ifCurrent(currentVersion(metadata))
      })
    }
  })
  return isDone ? 'The description is saved.' : undefined
}

/** @param {Subject} subject @param {import('./secret.js').Version} version @returns {Promise<string | undefined>} */
export async function rollBack (subject, { versionId, createdDate }) {
  const { environment, name, metadata } = subject
  const isDone = await ask({
    title: `Roll ${name} back`,
    content: [
      h('p', {}, 'The version ', h('code', {}, versionId), ' from ', dateText(createdDate) ?? 'an unknown day', ' becomes current again.'),
      `The version that is current now becomes AWSPREVIOUS, so this can be undone in the same way. Services in ${environment.name} get the value the next time they read.`
    ],
    submit: 'Roll back',
    context: contextOf(subject),
    send: async () => {
      await call('POST', secretPath(environment.name, name, '/rollback'), {
        needs: 'UpdateSecretVersionStage', body: JSON.stringify({ versionId }), ifMatch: ifCurrent(currentVersion(metadata))
      })
    }
  })
  return isDone ? 'Rolled back. The version that was current is AWSPREVIOUS now.' : undefined
}

/** @param {Subject} subject @returns {Promise<string | undefined>} */
export async function scheduleDeletion (subject) {
  const { environment, name, metadata } = subject
  const replicas = metadata.replicas ?? []
  let done = ''
  const isDone = await ask({
    title: `Schedule the deletion of ${name}`,
    content: [
      `From now on, services in ${environment.name} can’t read this secret. Until the recovery window ends, you can restore it here. After that, it is gone.`,
      field('Recovery window, in days', h('input', {
        id: 'recovery', name: 'days', type: 'number', min: '7', max: '30', value: environment.recoveryWindowInDays, required: true
      })),
      replicas.length === 0 ? undefined : h('label', { class: 'check' }, h('input', { type: 'checkbox', name: 'detach' }),
        `Delete its ${plural(replicas.length, 'replica')} as well, at once and for good. AWS does not delete a secret that has any.`)
    ],
    submit: 'Schedule deletion',
    isDanger: true,
    context: contextOf(subject),
    send: async (answer) => {
      const query = new URLSearchParams({ recoveryWindowInDays: textOf(answer, 'days'), ...answer.has('detach') && { detachReplicas: 'true' } })
      const { deletionDate } = await call('DELETE', `${secretPath(environment.name, name)}?${query}`, {
        needs: 'DeleteSecret', ifMatch: ifCurrent(currentVersion(metadata))
      })
      done = `The deletion is scheduled for ${dateWords(deletionDate)}.`
    }
  })
  return isDone ? done : undefined
}

/** @param {Subject} subject @returns {Promise<string | undefined>} */
export async function restore (subject) {
  const { environment, name } = subject
  /** @type {string[]} */
  let warnings = []
  const isDone = await ask({
    title: `Restore ${name}`,
    content: [`Its deletion is cancelled, and services in ${environment.name} can read it again.`],
    submit: 'Restore',
    context: contextOf(subject),
    send: async () => {
      ({ warnings = [] } = await call('POST', secretPath(environment.name, name, '/restore'), { needs: 'RestoreSecret' }))
    }
  })
  return isDone ? ['Restored.', ...warnings].join(' ') : undefined
}
