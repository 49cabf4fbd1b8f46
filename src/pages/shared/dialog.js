import { h } from './dom.js'
import { refusalNotice } from './notice.js'

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {readonly (Node | string | undefined)[]} content text and fields
 * @property {string} submit the text of the button that sends the answer
 * @property {boolean} [isDanger]
 * @property {boolean} [isWide]
 * @property {boolean} [isQuestion] false if there is nothing to decide, so that closing the dialog is all that the visitor can do
 * @property {(answer: FormData) => Promise<void>} send
 * @property {import('./words.js').Context} [context]
 */

/**
 * Shows a dialog, and sends the visitor's answer. Meanwhile, the dialog can't be cancelled, because the gateway may carry out the
 * request anyway. If sending fails, the dialog stays open and shows the reason. If the visitor has written a text, the first
 * attempt to cancel only warns. When the dialog closes, its fields are removed from the document, because they may contain
 * values.
 *
 * @param {Question} question
 * @returns {Promise<boolean>} false if the visitor has cancelled
 */
export async function ask ({ title, content, submit, isDanger = false, isWide = false, isQuestion = true, send, context }) {
  const problems = h('div', { class: 'slot' })
  const button = h('button', { class: isDanger ? 'primary danger' : 'primary' }, submit)
  const cancel = h('button', { type: 'button', click: () => { if (mayCancel()) dialog.close() } }, 'Cancel')
  const form = h('form', { novalidate: false },
    h('h2', { id: 'dialog-title' }, title),
    ...content.filter((part) => part !== undefined).map((part) => typeof part === 'string' ? h('p', {}, part) : part),
    problems,
    h('div', { class: 'actions' }, isQuestion && cancel, button))
  const dialog = h('dialog', { 'aria-labelledby': 'dialog-title', class: isWide && 'wide' }, form)
  let isDone = false
  let isSending = false
  let isWarned = false
  const mayCancel = () => {
    const isWritten = [...form.querySelectorAll('textarea')].some((area) => area.value !== area.defaultValue)
    if (!isWritten || isWarned) return true
    isWarned = true
    problems.replaceChildren(h('div', { class: 'notice', role: 'alert' }, 'What you have written is not saved. Cancel again to discard it.'))
    return false
  }
  /** @param {boolean} isBusy */
  const setBusy = (isBusy) => {
    button.disabled = cancel.disabled = isSending = isBusy
    // Otherwise, Chromium lets a second Escape close the dialog. In browsers without this attribute, the listener is enough.
    dialog.setAttribute('closedby', isBusy ? 'none' : 'closerequest')
  }
  dialog.addEventListener('cancel', (event) => { if (isSending || !mayCancel()) event.preventDefault() })
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    isWarned = false
    const focused = document.activeElement
    setBusy(true)
    problems.replaceChildren()
    try {
      await send(new FormData(form))
      isDone = true
      dialog.close()
    } catch (error) {
      problems.replaceChildren(refusalNotice(error, context))
    } finally {
      setBusy(false)
      // Browsers take the focus from a disabled button.
      if (dialog.open && focused instanceof HTMLElement && !form.contains(document.activeElement)) focused.focus()
    }
  })
  document.body.append(dialog)
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      form.reset()
      dialog.remove()
      resolve(isDone)
    })
  })
}

/**
 * Creates a labelled field.
 *
 * @param {string} label
 * @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} control must have an ID
 * @param {string} [hint]
 */
export function field (label, control, hint) {
  if (hint !== undefined) control.setAttribute('aria-describedby', `${control.id}-hint`)
  return h('div', { class: 'field' },
    h('label', { for: control.id }, label),
    control,
    hint !== undefined && h('span', { class: 'hint', id: `${control.id}-hint` }, hint))
}

/**
 * Returns the text of a field.
 *
 * @param {FormData} answer
 * @param {string} name
 */
export const textOf = (answer, name) => {
  const value = answer.get(name)
  return typeof value === 'string' ? value : ''
}

/** The hint about possible values. */
export const valueHint = 'Text, or a JSON object to keep several keys together, such as a user name and a password.'

/**
 * Creates the field for a value that is required.
 *
 * @param {string} id
 */
export const valueField = (id) =>
  field('Value', h('textarea', { id, name: 'value', required: true, autocomplete: 'off', spellcheck: 'false' }), valueHint)
