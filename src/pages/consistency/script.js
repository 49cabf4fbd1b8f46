/**
 * The consistency page: asks the gateway with its visitor's token, and draws what it answers. The token stays in this module's
 * memory; it is never stored, and never in a URL.
 */

/** @typedef {{ state: string, required: boolean, group?: number, problem?: { title: string } }} Cell */
/** @typedef {{ name: string, environments: Record<string, Cell> }} Row */

/** The states, and what is said of each. A name that the visitor may not see in an environment has none. */
const states = {
  present: 'present',
  missing: 'missing',
  placeholder: 'placeholder, without a value',
  'pending-deletion': 'scheduled for deletion',
  hidden: 'not for you to see'
}

/** Rows drawn at once: a browser lays out ten thousand of them for seconds. */
const rowsAtOnce = 1_000

const byId = (id) => document.getElementById(id)

let token = ''
/** @type {{ environments: string[], items: Row[] }} */
let report = { environments: [], items: [] }
let rowsShown = rowsAtOnce

const svg = 'http://www.w3.org/2000/svg'

/** An element with its classes and its content; text stays text. */
function element (tag, className, ...content) {
  const made = document.createElement(tag)
  if (className !== '') made.className = className
  made.append(...content)
  return made
}

function shape (state) {
  const drawn = document.createElementNS(svg, 'svg')
  const use = document.createElementNS(svg, 'use')
  use.setAttribute('href', `#shape-${state}`)
  drawn.setAttribute('aria-hidden', 'true')
  drawn.append(use)
  return drawn
}

const forReaders = (text) => element('span', 'for-readers', text)

/** @throws Error with what the gateway says is wrong */
async function ask (path) {
  const reply = await fetch(path, { headers: { authorization: `Bearer ${token}` }, cache: 'no-store', credentials: 'omit' })
  const body = await reply.json()
  if (!reply.ok) throw new Error(`${body.title}. ${body.detail}`)
  return body
}

/** Does what a form is for, and says how it went. */
function onSubmit (form, work) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const button = form.querySelector('button')
    button.disabled = true
    byId('problem').hidden = true
    byId('status').textContent = 'Asking the gateway …'
    try {
      byId('status').textContent = await work()
    } catch (error) {
      byId('status').textContent = ''
      byId('problem').textContent = error.message
      byId('problem').hidden = false
    } finally {
      button.disabled = false
    }
  })
}

onSubmit(byId('access'), async () => {
  byId('question').hidden = true
  byId('report').hidden = true
  // A header takes no other characters.
  token = byId('token').value.trim()
  if (!/^[!-~]+$/.test(token)) throw new Error('That is no token.')
  const { items } = await ask('/environments')
  byId('environments').replaceChildren(...items.map(({ name }) => {
    const box = element('input', '')
    Object.assign(box, { type: 'checkbox', name: 'environment', value: name, checked: true })
    return element('label', '', box, ` ${name}`)
  }))
  byId('question').hidden = false
  byId('token').value = ''
  return items.length === 0 ? 'There is no environment that you may see.' : `${items.length} environments.`
})

onSubmit(byId('question'), async () => {
  const chosen = [...document.querySelectorAll('input[name=environment]:checked')].map(({ value }) => value)
  if (chosen.length === 0) throw new Error('Choose an environment.')
  const query = new URLSearchParams({ environments: chosen.join(','), compareValues: String(byId('compare-values').checked) })
  report = await ask(`/consistency?${query}`)
  byId('report').hidden = false
  rowsShown = rowsAtOnce
  drawHead()
  return drawRows()
})

const cellOf = (row, environment) => row.environments[environment] ?? { state: 'hidden', required: false }

const isLacking = ({ state, required }) => required && state !== 'present'

function drawLegend () {
  const entries = Object.entries(states).map(([state, words]) => {
    const sample = element('span', `state ${state}`, shape(state))
    return element('li', '', sample, words)
  })
  byId('legend').replaceChildren(
    ...entries,
    element('li', '', element('span', 'required', '★'), 'required there'),
    element('li', '', element('span', 'group', 'A'), 'the same letter in a row: the same value')
  )
}

/** The environments, each with how many it lacks. */
function drawHead () {
  const heads = report.environments.map((environment) => {
    const cells = report.items.map((row) => cellOf(row, environment))
    const count = (test) => cells.filter(test).length
    const head = element('th', '', environment, element('small', '',
      `${count(({ state }) => state === 'present')} present, ${count(({ state }) => state === 'missing')} missing`))
    const lacking = count(isLacking)
    if (lacking > 0) head.append(element('small', 'missing', `${lacking} required without value`))
    head.scope = 'col'
    return head
  })
  const corner = element('th', '', 'Name')
  corner.scope = 'col'
  byId('head').replaceChildren(corner, ...heads)
}

/** 1 is A: a report has at most 20 environments. */
const letter = (group) => String.fromCharCode(64 + group)

function drawCell (cell) {
  const drawn = element('td', `state ${cell.state}`, shape(cell.state), forReaders(states[cell.state]))
  if (cell.required) {
    const star = element('span', 'required', '★')
    star.setAttribute('aria-hidden', 'true')
    drawn.append(star, forReaders(', required'))
    drawn.classList.toggle('lacking', isLacking(cell))
  }
  if (cell.group !== undefined) drawn.append(forReaders(', value '), element('span', 'group', letter(cell.group)))
  if (cell.problem !== undefined) drawn.append(forReaders(', not compared: '), element('small', '', ` ${cell.problem.title}`))
  drawn.title = drawn.textContent.replace('★', '')
  return drawn
}

function drawRow (row) {
  const head = element('th', '', row.name)
  head.scope = 'row'
  head.title = row.name
  return element('tr', row.differs ? 'differs' : '', head, ...report.environments.map((environment) => drawCell(cellOf(row, environment))))
}

/** Draws the rows that the filters leave. @returns how many there are, in words */
function drawRows () {
  const wanted = byId('name-filter').value.trim().toLowerCase()
  const left = report.items.filter((row) => row.name.toLowerCase().includes(wanted) &&
    (!byId('only-differences').checked || row.differs) &&
    (!byId('only-lacking').checked || Object.values(row.environments).some(isLacking)))
  byId('rows').replaceChildren(...left.slice(0, rowsShown).map(drawRow))
  byId('more').hidden = left.length <= rowsShown
  const differing = report.items.filter((row) => row.differs).length
  return `${left.length} of ${report.items.length} names; ${differing} differ.`
}

function redraw () {
  byId('status').textContent = drawRows()
}

byId('filters').addEventListener('submit', (event) => { event.preventDefault() })
byId('filters').addEventListener('input', () => {
  rowsShown = rowsAtOnce
  redraw()
})
byId('show-more').addEventListener('click', () => {
  rowsShown += rowsAtOnce
  redraw()
})

drawLegend()
