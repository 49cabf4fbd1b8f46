/** What the pages with a report share: the sign-in, the status line, the notice about a refusal, and the focus. */

import { byId, h, plural, whileDisabled } from './dom.js'
import { call, Refusal, showCaller } from './gateway.js'
import { refusalNotice } from './notice.js'
import { signIn, signOut, token } from './session.js'

const elements = {
  main: byId('content', HTMLElement),
  caller: byId('caller', HTMLElement),
  signOut: byId('sign-out', HTMLButtonElement),
  access: byId('access', HTMLFormElement),
  token: byId('token', HTMLInputElement),
  question: byId('question', HTMLFormElement),
  status: byId('status', HTMLElement),
  problem: byId('problem', HTMLElement),
  report: byId('report', HTMLElement),
  scroller: byId('scroller', HTMLElement)
}

/** The number of times that the visitor was signed out. A reply is discarded if the number has changed since its request. */
let signOuts = 0

/**
 * @typedef {object} Page
 * @property {(names: string[]) => void} showEnvironments called with the environments that the visitor may see
 * @property {() => void} forget called when the visitor is signed out; removes what this page has shown
 */

/** @type {Page} */
let page

/**
 * Returns a function that throws an error if the visitor has signed out in the meantime.
 *
 * @returns {() => void}
 */
export function sameVisit () {
  const started = signOuts
  return () => {
    if (signOuts !== started) throw new Error('You have signed out.')
  }
}

function showSignIn () {
  signOuts += 1
  elements.access.hidden = false
  for (const hidden of [elements.signOut, elements.question, elements.report]) hidden.hidden = true
  for (const emptied of [elements.caller, elements.status, elements.problem]) emptied.replaceChildren()
  page.forget()
}

/** @param {string} text */
export function setStatus (text) {
  elements.status.textContent = text
}

/**
 * Runs `work`, and shows the status that it returns or the error that it throws. If the token is not accepted, the visitor has to
 * sign in again. Shows nothing if the visitor has signed out in the meantime.
 *
 * @param {() => Promise<string>} work
 * @param {...Node} actions what the visitor can do about an error
 */
export async function run (work, ...actions) {
  const started = signOuts
  elements.problem.replaceChildren()
  setStatus('Asking the gateway …')
  try {
    const status = await work()
    if (signOuts === started) setStatus(status)
  } catch (error) {
    if (signOuts !== started) return
    setStatus('')
    const isSignedOut = error instanceof Refusal && error.problem.code === 'unauthenticated'
    if (isSignedOut) {
      signOut()
      showSignIn()
    }
    elements.problem.replaceChildren(refusalNotice(error, {}, ...isSignedOut ? [] : actions))
  }
}

/**
 * Runs `work` when the form is submitted.
 *
 * @param {HTMLFormElement} form
 * @param {() => Promise<string>} work
 */
export function onSubmit (form, work) {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void whileDisabled([...form.querySelectorAll('button')], async () => run(work))
  })
}

/** Moves the focus to the report, when the control that had it is gone. */
export function focusReport () {
  const place = elements.scroller.hidden ? elements.main : elements.scroller
  place.focus({ preventScroll: true })
}

async function loadEnvironments () {
  const checkVisit = sameVisit()
  /** @type {{ items: { name: string }[] }} */
  const { items } = await call('GET', '/environments', { needs: 'DescribeEnvironment' })
  checkVisit()
  elements.token.value = ''
  elements.access.hidden = true
  elements.signOut.hidden = false
  void showCaller(elements.caller)
  page.showEnvironments(items.map(({ name }) => name))
  elements.question.hidden = items.length === 0
  return items.length === 0
    ? 'No environment is visible to you. Ask whoever runs this gateway for the permission DescribeEnvironment.'
    : `${plural(items.length, 'environment')}.`
}

/** Shows the environments to a visitor who is signed in already. */
async function resume () {
  await run(loadEnvironments, h('button', { type: 'button', class: 'small', click: () => { void resume() } }, 'Try again'))
}

/**
 * Starts the page. A visitor who has signed in on another page of this tab need not do it again.
 *
 * @param {Page} started
 */
export function start (started) {
  page = started
  onSubmit(elements.access, async () => {
    signIn(elements.token.value)
    const status = await loadEnvironments()
    // The field that had the focus is hidden.
    elements.main.focus({ preventScroll: true })
    return status
  })
  elements.signOut.addEventListener('click', () => {
    signOut()
    showSignIn()
    elements.token.focus()
  })
  if (token() === '') showSignIn()
  else void resume()
}
