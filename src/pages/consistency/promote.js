/** The promotion of selected secrets: the dialog, the plan, and then the promotion itself. */

import { ask, field, textOf } from '../shared/dialog.js'
import { h, plural } from '../shared/dom.js'
import { call, environmentPath, Refusal } from '../shared/gateway.js'
import { wordsFor } from '../shared/words.js'

/**
 * @typedef {'created' | 'updated' | 'unchanged' | 'skipped' | 'failed' | 'not-started'} Result
 * @typedef {{ name: string, result: Result, versionId?: string, problem?: import('../shared/gateway.js').ProblemDocument }} Item
 * @typedef {{ from: string, to: string, onConflict: string }} Choice
 */

/** The words for each result: in a plan, and after the promotion. */
const words = {
  created: { plan: 'create', done: 'created', badge: 'present' },
  updated: { plan: 'replace', done: 'replaced', badge: 'placeholder' },
  unchanged: { plan: 'leave, it is the same', done: 'left, it is the same', badge: '' },
  skipped: { plan: 'leave, it exists', done: 'left, it exists', badge: '' },
  failed: { plan: 'not possible', done: 'failed', badge: 'missing' },
  'not-started': { plan: 'not started', done: 'not started', badge: 'missing' }
}

/** The maximum number of names that a plan lists. */
const mostListed = 500

/** @param {string} id @param {readonly string[]} environments @param {string | undefined} chosen */
const environmentField = (id, environments, chosen) => h('select', { id, name: id },
  ...environments.map((name) => h('option', { value: name, selected: name === chosen }, name)))

/** @param {readonly Item[]} items @param {'plan' | 'done'} tense @param {Choice} choice */
function resultList (items, tense, { from, to }) {
  /** @param {string} name @param {import('../shared/gateway.js').ProblemDocument} problem */
  const why = (name, problem) => {
    // `secret-not-found` can only concern the original, so the message names the original's environment.
    const environment = problem.code === 'secret-not-found' ? from : to
    const { title, next } = wordsFor(new Refusal(problem, 'PromoteSecret', undefined), { environment, name })
    return h('span', { class: 'why' }, `${title} ${next}`)
  }
  const rows = items.slice(0, mostListed).map(({ name, result, problem }) => h('li', {},
    h('span', { class: 'grow' }, name,
      ...problem === undefined ? [] : [why(name, problem)]),
    h('span', { class: `badge ${words[result].badge}` }, words[result][tense])))
  return h('div', { class: 'plan', tabindex: '0', role: 'region', 'aria-label': 'Plan' }, h('ul', { class: 'rows' }, ...rows),
    items.length > mostListed && h('p', { class: 'hint' }, `and ${items.length - mostListed} more`))
}

/** @param {Item} item */
const isWritten = ({ result }) => result === 'created' || result === 'updated'

/**
 * Sends a promotion, or asks for its plan.
 *
 * @param {Choice} choice
 * @param {readonly string[]} names
 * @param {object} more
 * @returns {Promise<Item[]>}
 */
async function send ({ from, to, onConflict }, names, more) {
  const { items } = await call('POST', environmentPath(to, '/promotions'), {
    needs: 'PromoteSecret', body: JSON.stringify({ from, names, onConflict, ...more })
  })
  return items
}

/**
 * Carries out a part of a plan.
 *
 * @param {Choice} choice
 * @param {readonly Item[]} planned
 */
async function carryOut (choice, planned) {
  if (planned.length === 0) return []
  const known = planned.flatMap(({ name, versionId }) => versionId === undefined ? [] : [[name, versionId]])
  const more = choice.onConflict === 'update' ? { expectedVersionIds: Object.fromEntries(known) } : {}
  return send(choice, planned.map(({ name }) => name), more)
}

/**
 * Asks for the two environments, shows the plan, and carries it out if the visitor agrees. A secret that has been created in the
 * meantime is left unchanged. A value is replaced only if the version in the plan is still current.
 *
 * @param {readonly string[]} names
 * @param {readonly string[]} environments the environments in the report
 * @returns {Promise<string | undefined>} a sentence about the result, or undefined if the visitor has cancelled
 */
export async function promote (names, environments) {
  /** @type {Choice} */
  let choice = { from: '', to: '', onConflict: '' }
  /** @type {Item[]} */
  let plan = []
  const isPlanned = await ask({
    title: `Promote ${plural(names.length, 'secret')}`,
    content: [
      'The current value, the description and the tags are copied. Nobody sees the values.',
      h('div', { class: 'pair' },
        field('From', environmentField('from', environments, environments[0])),
        field('To', environmentField('to', environments, environments[1]))),
      field('If a secret exists there already', h('select', { id: 'conflict', name: 'conflict' },
        h('option', { value: 'skip' }, 'Leave it as it is'), h('option', { value: 'update' }, 'Replace its value')))
    ],
    submit: 'Show the plan',
    send: async (answer) => {
      choice = { from: textOf(answer, 'from'), to: textOf(answer, 'to'), onConflict: textOf(answer, 'conflict') }
      if (choice.from === choice.to) throw new Error('Choose two different environments.')
      plan = await send(choice, names, { dryRun: true })
    }
  })
  if (!isPlanned) return undefined

  const planned = plan.filter(isWritten)
  /** @type {Item[]} */
  let results = []
  const isDone = await ask({
    title: `From ${choice.from} to ${choice.to}`,
    isWide: true,
    isQuestion: planned.length > 0,
    content: [
      planned.length === 0 ? 'There is nothing to do. Nothing was written.' : `Nothing is written yet. This is what would happen in ${choice.to}:`,
      resultList(plan, 'plan', choice)
    ],
    submit: planned.length === 0 ? 'Close' : `Promote ${plural(planned.length, 'secret')}`,
    context: { environment: choice.to },
    send: async () => {
      if (planned.length === 0) return
      const [created, updated] = ['created', 'updated'].map((wanted) => planned.filter(({ result }) => result === wanted))
      results = [
        ...await carryOut({ ...choice, onConflict: 'skip' }, created ?? []),
        ...await carryOut({ ...choice, onConflict: 'update' }, updated ?? [])
      ]
    }
  })
  if (!isDone || planned.length === 0) return undefined
  const failed = results.filter((item) => !isWritten(item) && item.result !== 'unchanged')
  if (failed.length > 0) {
    const content = [resultList(failed, 'done', choice)]
    await ask({ title: 'Not everything was promoted', isWide: true, isQuestion: false, content, submit: 'Close', send: async () => undefined })
  }
  return `${results.length - failed.length} of ${plural(results.length, 'secret')} promoted from ${choice.from} to ${choice.to}.`
}
