/** The resource policy of a secret: its card, and the dialogs that change it. */

import { ask, field, textOf } from '../shared/dialog.js'
import { h } from '../shared/dom.js'
import { call, secretPath } from '../shared/gateway.js'
import { refusalNotice } from '../shared/notice.js'
import { contextOf } from './changes.js'
import { permittedButton } from './rights.js'

/**
 * @typedef {import('./changes.js').Subject} Subject
 * @typedef {object | undefined} Policy undefined if the secret has none
 */

/** @param {Subject} subject @param {string} [rest] */
const pathOf = ({ environment, name }, rest = '') => secretPath(environment.name, name, `/policy${rest}`)

/** @param {Subject} subject @returns {Promise<Policy>} */
async function read (subject) {
  const { resourcePolicy } = await call('GET', pathOf(subject), { needs: 'GetResourcePolicy' })
  return resourcePolicy
}

/**
 * Checks that the policy has not changed since the visitor saw it. `If-Match` can't check that, because a policy has no version.
 *
 * @param {Subject} subject
 * @param {Policy} seen
 */
async function assertUnchanged (subject, seen) {
  if (JSON.stringify(await read(subject)) === JSON.stringify(seen)) return
  throw new Error('Somebody has changed the policy since you opened it. Nothing was written. Reload the page, and then decide.')
}

/**
 * @param {string} text
 * @throws Error unless it is a JSON object
 */
function assertObject (text) {
  try {
    const parsed = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return
  } catch {
    // The error below reports this.
  }
  throw new Error('That is not a JSON object. A policy is a JSON object with the keys Version and Statement.')
}

/** @param {object} policy */
const policyText = (policy) => JSON.stringify(policy, null, 2)

/** @param {string} text */
const policyView = (text) =>
  h('pre', { class: 'value', tabindex: '0', role: 'region', 'aria-label': 'Policy' }, text)

/**
 * Changes the policy, or attaches the first one. AWS checks it, and the visitor sees the result, before it is attached. A visitor
 * who does not attach it returns to the text.
 *
 * @param {Subject} subject
 * @param {Policy} seen
 * @param {string} [text] what the visitor has written so far
 * @returns {Promise<string | undefined>}
 */
async function changePolicy (subject, seen, text) {
  const { name } = subject
  const context = contextOf(subject)
  const editor = h('textarea', { id: 'policy', name: 'policy', class: 'tall', required: true, autocomplete: 'off', spellcheck: 'false' },
    seen === undefined ? '' : policyText(seen))
  if (text !== undefined) editor.value = text
  let written = ''
  const isChecked = await ask({
    title: seen === undefined ? `Attach a resource policy to ${name}` : `Change the resource policy of ${name}`,
    isWide: true,
    content: [
      field('Policy', editor, 'JSON in IAM’s language. AWS checks it before anything is written.')
    ],
    submit: 'Check policy',
    context,
    send: async (answer) => {
      written = textOf(answer, 'policy')
      assertObject(written)
      const { policyValidationPassed, validationErrors } = await call('POST', pathOf(subject, '/validate'), {
        needs: 'ValidateResourcePolicy', body: `{"resourcePolicy":${written}}`
      })
      if (policyValidationPassed) return
      const reasons = validationErrors.map((/** @type {{ errorMessage?: string }} */ { errorMessage = '' }) => errorMessage)
      throw new Error(['AWS has found a fault, and nothing was written.', ...reasons].join(' '))
    }
  })
  if (!isChecked) return undefined

  const isDone = await ask({
    title: `Attach this policy to ${name}?`,
    isWide: true,
    isDanger: true,
    content: [
      'AWS has checked it: it is well-formed, does not allow everybody, and leaves the gateway its own access. Nothing is written yet.',
      policyView(written),
      `${seen === undefined ? '' : 'It replaces the policy that the secret has. '}Everybody who calls AWS directly is subject to it at once.`
    ],
    submit: 'Attach policy',
    context,
    send: async () => {
      await assertUnchanged(subject, seen)
      await call('PUT', pathOf(subject), { needs: 'PutResourcePolicy', body: `{"resourcePolicy":${written}}` })
    }
  })
  return isDone ? 'The policy is attached.' : changePolicy(subject, seen, written)
}

/** @param {Subject} subject @param {Policy} seen @returns {Promise<string | undefined>} */
async function removePolicy (subject, seen) {
  const isDone = await ask({
    title: `Remove the resource policy of ${subject.name}`,
    content: ['Whoever has access only because of this policy, such as another account, loses it at once. Whoever it denies is no longer denied.'],
    submit: 'Remove policy',
    isDanger: true,
    context: contextOf(subject),
    send: async () => {
      await assertUnchanged(subject, seen)
      await call('DELETE', pathOf(subject), { needs: 'DeleteResourcePolicy' })
    }
  })
  return isDone ? 'The secret has no resource policy any more.' : undefined
}

/**
 * Creates the card. The policy is read only when the visitor asks for it, because few secrets have one.
 *
 * @param {Subject} subject
 * @param {import('./secret.js').After} after
 */
export function policyCard (subject, after) {
  const { may } = subject
  const place = h('div', { class: 'slot' })
  const buttons = h('div', { class: 'actions' })

  /** @param {Policy} policy */
  function render (policy) {
    place.replaceChildren(policy === undefined ? h('p', { class: 'muted', role: 'status' }, 'This secret has no resource policy.') : policyView(policyText(policy)))
    const change = permittedButton(may, ['ValidateResourcePolicy', 'PutResourcePolicy'],
      { class: 'small', click: () => after(changePolicy(subject, policy)) }, policy === undefined ? 'Attach a policy…' : 'Change policy…')
    buttons.replaceChildren(change)
    if (policy !== undefined) {
      buttons.append(permittedButton(may, ['DeleteResourcePolicy'], { class: 'small danger', click: () => after(removePolicy(subject, policy)) }, 'Remove policy…'))
    }
    // The button that had the focus no longer exists.
    place.querySelector('pre')?.focus()
    change.focus()
  }

  const show = permittedButton(may, ['GetResourcePolicy'], {
    class: 'small',
    click: async () => {
      show.disabled = true
      try {
        render(await read(subject))
      } catch (error) {
        show.disabled = false
        show.focus()
        place.replaceChildren(refusalNotice(error, contextOf(subject)))
      }
    }
  }, 'Show policy')
  buttons.append(show)
  return h('section', { class: 'card', 'aria-labelledby': 'policy-title' },
    h('header', {}, h('h3', { id: 'policy-title' }, 'Resource policy'), buttons),
    place,
    h('p', { class: 'hint' }, 'AWS enforces it for everybody who calls AWS directly. It grants nothing in this gateway.'))
}
