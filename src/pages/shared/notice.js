import { h } from './dom.js'
import { wordsFor } from './words.js'

/**
 * Creates a message about an error, with advice on what to do next.
 *
 * @param {unknown} error
 * @param {import('./words.js').Context} [context]
 * @param {...Node} actions buttons or links
 */
export function refusalNotice (error, context, ...actions) {
  const { title, next, requestId } = wordsFor(error, context)
  return h('div', { class: 'notice refusal', role: 'alert' },
    h('strong', {}, title),
    next !== '' && h('span', {}, next),
    requestId !== undefined && h('span', { class: 'request' }, `Request ${requestId}`),
    actions.length > 0 && h('div', { class: 'actions' }, ...actions))
}

/**
 * Creates a message that needs no action. Screen readers announce it.
 *
 * @param {string} text
 */
export const doneNotice = (text) => h('div', { class: 'notice', role: 'status' }, text)

/**
 * Creates a message that replaces an empty list.
 *
 * @param {string} title
 * @param {string} next what the visitor can do
 */
export const emptyNotice = (title, next) => h('div', { class: 'notice' }, h('strong', {}, title), h('span', {}, next))
