/** The card with a secret's value. The value is read when the visitor asks for it, and leaves the document after 30 seconds. */

import { call, secretPath } from '../shared/gateway.js'
import { h } from '../shared/dom.js'
import { doneNotice, refusalNotice } from '../shared/notice.js'
import { permittedButton } from './rights.js'

const secondsShown = 30

/** The permissions for changing a key. Reading is needed too, because the reply to the change reveals facts about the value. */
const changesKey = ['PutSecretValue', 'GetSecretValue']

/** @typedef {{ value: string, encoding: 'text' | 'base64', versionId: string }} Read */

/** @type {any} */
const json = JSON

/** Keeps the text of a number. @param {string} _key @param {unknown} value @param {{ source: string }} context */
const asWritten = (_key, value, { source }) => typeof value === 'number' ? json.rawJSON(source) : value

/**
 * Returns the keys of a value that is a JSON object, each with its text: a string unchanged, everything else as JSON with the
 * original text of its numbers. Returns undefined for any other value.
 *
 * @param {string} text
 * @returns {[key: string, text: string][] | undefined}
 */
export function keysOf (text) {
  if (typeof json.rawJSON !== 'function') return undefined
  try {
    const parsed = json.parse(text, asWritten)
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed) || json.isRawJSON(parsed)) return undefined
    return Object.entries(parsed).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)])
  } catch {
    return undefined
  }
}

/**
 * Creates the card.
 *
 * @param {object} about
 * @param {string} about.environment
 * @param {string} about.name
 * @param {import('./rights.js').May} about.may
 * @param {{ key: (key: string | undefined) => void, all: () => void } | undefined} about.edit the listeners of the buttons that
 * change one key or the whole value; undefined if nothing can be changed
 * @returns {{ card: HTMLElement, hide: () => void }} the card, and a function that masks the value
 */
export function valueCard ({ environment, name, may, edit }) {
  const place = h('div')
  const status = h('div', { class: 'slot' })
  const buttons = h('div', { class: 'actions' })
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer
  let isReading = false

  /** Replaces the buttons. If one of them had the focus, the first new one gets it. @param {readonly HTMLElement[]} created */
  function setButtons (created) {
    const hadFocus = buttons.contains(document.activeElement)
    buttons.replaceChildren(...created)
    if (hadFocus) buttons.querySelector('button')?.focus()
  }

  function hide () {
    clearInterval(timer)
    place.replaceChildren(h('p', { class: 'masked' }, h('span', { 'aria-hidden': 'true' }, '••••••••••••'), h('span', { class: 'visually-hidden' }, 'The value is hidden.')))
    setButtons([
      permittedButton(may, ['GetSecretValue'], { class: 'small', click: () => run(show) }, 'Show value'),
      // The clipboard is available only on secure origins.
      ...'clipboard' in navigator ? [permittedButton(may, ['GetSecretValue'], { class: 'small', click: () => run(copy) }, 'Copy')] : []
    ])
  }

  /** @returns {Promise<Read>} */
  const read = async () => call('GET', secretPath(environment, name), { needs: 'GetSecretValue' })

  /** @param {() => Promise<void>} work */
  async function run (work) {
    if (isReading) return
    isReading = true
    status.replaceChildren()
    // A disabled button would lose the focus.
    for (const button of buttons.querySelectorAll('button')) button.ariaDisabled = 'true'
    try {
      await work()
    } catch (error) {
      hide()
      status.replaceChildren(refusalNotice(error, { environment, name }))
    } finally {
      isReading = false
    }
  }

  async function copy () {
    const { value } = await read()
    await navigator.clipboard.writeText(value)
    hide()
    status.replaceChildren(doneNotice('Copied. The read is in the audit trail.'))
  }

  async function show () {
    const { value, encoding } = await read()
    const keys = encoding === 'text' ? keysOf(value) : undefined
    place.replaceChildren(
      keys === undefined || keys.length === 0
        ? h('pre', { class: 'value', tabindex: '0', 'aria-label': 'Value' }, value)
        : h('ul', { class: 'keys', 'aria-label': 'Value' }, ...keys.map(([key, text]) => h('li', {},
            h('span', { class: 'key' }, key),
            h('pre', { class: 'value' }, text),
            edit !== undefined && permittedButton(may, changesKey, { class: 'plain small', 'aria-label': `Edit ${key}`, click: () => { edit.key(key) } }, 'Edit')))),
      ...encoding === 'base64' ? [h('p', { class: 'hint' }, 'The value is binary, and shown in base64.')] : [])
    countDown()
  }

  function countDown () {
    const until = performance.now() + 1_000 * secondsShown
    const text = h('span', {}, `Hidden again in ${secondsShown} s`)
    setButtons([h('span', { class: 'countdown' }, text, h('button', { type: 'button', class: 'small', click: hide }, 'Hide'))])
    timer = setInterval(() => {
      const left = Math.ceil((until - performance.now()) / 1_000)
      if (left <= 0) hide()
      else text.textContent = `Hidden again in ${left} s`
    }, 250)
  }

  hide()
  const card = h('section', { class: 'card', 'aria-labelledby': 'value-title' },
    h('header', {}, h('h3', { id: 'value-title' }, 'Value'), buttons),
    place,
    status,
    edit !== undefined && h('div', { class: 'actions' },
      permittedButton(may, changesKey, { class: 'small', click: () => { edit.key(undefined) } }, 'Change one key…'),
      permittedButton(may, ['PutSecretValue'], { class: 'small', click: edit.all }, 'Replace value…')),
    h('p', { class: 'hint' }, `Each look is recorded in the audit trail under your name. A shown value is hidden after ${secondsShown} seconds.`))
  return { card, hide }
}
