/** The table of the report: a row for each name, and a cell for each environment. */

import { h } from '../shared/dom.js'
import { Refusal } from '../shared/gateway.js'
import { wordsFor } from '../shared/words.js'

/**
 * @typedef {'present' | 'missing' | 'placeholder' | 'pending-deletion' | 'hidden'} State
 * @typedef {{ state: State, required: boolean, group?: number, problem?: import('../shared/gateway.js').ProblemDocument }} Cell
 * @typedef {{ name: string, differs: boolean, environments: Record<string, Cell> }} Row
 * @typedef {{ environments: string[], items: Row[], unaddressable?: Record<string, number> }} Report
 *
 * @typedef {object} Choices
 * @property {Set<string>} selected the names that are selected
 * @property {(name: string, isSelected: boolean) => void} select
 * @property {(environment: string, name: string) => void} fill sets the first value of a placeholder
 */

/** The text for each state. `hidden` stands for a cell that the report omits, because the visitor isn't allowed to see it. */
const states = {
  present: 'present',
  missing: 'missing',
  placeholder: 'placeholder, without a value',
  'pending-deletion': 'scheduled for deletion',
  hidden: 'not visible to you'
}

const svg = 'http://www.w3.org/2000/svg'

/** @param {string} state */
function icon (state) {
  const image = document.createElementNS(svg, 'svg')
  const use = document.createElementNS(svg, 'use')
  use.setAttribute('href', `#shape-${state}`)
  image.setAttribute('aria-hidden', 'true')
  image.append(use)
  return image
}

/** Creates text that only screen readers present. @param {string} text */
const screenReaderText = (text) => h('span', { class: 'visually-hidden' }, text)

/** @param {Row} row @param {string} environment @returns {Cell} */
const cellOf = (row, environment) => row.environments[environment] ?? { state: 'hidden', required: false }

/** Returns true if a secret is required but is missing, has no value or is scheduled for deletion. @param {Cell} cell */
export const isLacking = ({ state, required }) => required && state !== 'present'

/**
 * Returns the letter for a group's number: A for 1, B for 2. A report has at most 20 environments, so the letters suffice.
 *
 * @param {number} group
 */
const letter = (group) => String.fromCharCode(64 + group)

/** @returns {HTMLElement[]} */
export const legend = () => [
  ...Object.entries(states).map(([state, description]) => h('li', {}, h('span', { class: `state ${state}` }, icon(state)), description)),
  h('li', {}, h('span', { class: 'required' }, '★'), 'required in that environment'),
  h('li', {}, h('span', { class: 'group' }, 'A'), 'the same letter in a row means the same value')
]

/**
 * Creates the cells of the header. Each environment has the number of present and the number of missing secrets.
 *
 * @param {Report} report
 */
export function headCells ({ environments, items }) {
  const heads = environments.map((environment) => {
    const cells = items.map((row) => cellOf(row, environment))
    /** @param {(cell: Cell) => boolean} test */
    const count = (test) => cells.filter(test).length
    const [present, missing, lacking] = [count(({ state }) => state === 'present'), count(({ state }) => state === 'missing'), count(isLacking)]
    return h('th', { scope: 'col' }, environment,
      h('small', {}, `${present} present, ${missing} missing`),
      lacking > 0 && h('small', { class: 'missing' }, `${lacking} required without value`))
  })
  return [h('td', { class: 'pick' }), h('th', { scope: 'col', class: 'name' }, 'Name'), ...heads]
}

/** @param {string} environment @param {string} name @param {Cell} cell @param {Choices} choices */
function renderCell (environment, name, cell, { fill }) {
  const { state, required, group, problem } = cell
  const rendered = h('td', { class: `state ${state}` }, icon(state), screenReaderText(states[state]))
  if (required) {
    rendered.append(h('span', { class: 'required', 'aria-hidden': 'true' }, '★'), screenReaderText(', required'))
    rendered.classList.toggle('lacking', isLacking(cell))
  }
  if (group !== undefined) rendered.append(screenReaderText(', value '), h('span', { class: 'group' }, letter(group)))
  if (problem !== undefined) {
    const { title, next } = wordsFor(new Refusal(problem, 'CompareValues', undefined), { environment, name })
    rendered.append(screenReaderText(', not compared: '), h('small', {}, ` ${title}`), screenReaderText(` ${next}`))
  }
  rendered.title = rendered.textContent.replace('★', '')
  if (state === 'placeholder') {
    rendered.append(h('button', {
      type: 'button', class: 'fill', 'aria-label': `Fill ${name} in ${environment}`, click: () => { fill(environment, name) }
    }, 'Fill…'))
  }
  return rendered
}

/** @param {Row} row @param {readonly string[]} environments @param {Choices} choices */
export function renderRow (row, environments, choices) {
  const { name, differs } = row
  const box = h('input', { type: 'checkbox', 'aria-label': `Select ${name}`, 'data-name': name, change: () => { choices.select(name, box.checked) } })
  box.checked = choices.selected.has(name)
  return h('tr', { class: differs && 'differs' },
    h('td', { class: 'pick' }, box),
    h('th', { scope: 'row', class: 'name', title: name }, name),
    ...environments.map((environment) => renderCell(environment, name, cellOf(row, environment), choices)))
}
