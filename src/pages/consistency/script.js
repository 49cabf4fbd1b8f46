/**
 * The consistency page's script. It requests the report with the visitor's token, and renders the report. The token is kept only
 * in memory. It is never stored, and never part of a URL.
 */

/** @typedef {{ state: string, required: boolean, group?: number, problem?: { title: string } }} Cell */
/** @typedef {{ name: string, environments: Record<string, Cell> }} Row */

/** The text for each state. `hidden` stands for a cell that the report omits, because the visitor isn't allowed to see it. */
const states = {
  present: 'present',
  missing: 'missing',
  placeholder: 'placeholder, without a value',
  'pending-deletion': 'scheduled for deletion',
  hidden: 'not visible to you'
}

/**
 * The number of rows that are shown at first. Each click on "Show more" adds the same number. It is limited, because a browser
 * needs several seconds to lay out ten thousand rows.
 */
const pageSize = 1_000

const byId = (id) => document.getElementById(id)

let token = ''
/** @type {{ environments: string[], items: Row[], unaddressable?: Record<string, number> }} */
let report = { environments: [], items: [] }
let rowsShown = pageSize

const svg = 'http://www.w3.org/2000/svg'

/** Creates an element. Strings in its content become text nodes and are never parsed as HTML. */
function element (tag, className, ...content) {
  const created = document.createElement(tag)
  if (className !== '') created.className = className
  created.append(...content)
  return created
}

/** Creates the icon of a state. */
function icon (state) {
  const image = document.createElementNS(svg, 'svg')
  const use = document.createElementNS(svg, 'use')
  use.setAttribute('href', `#shape-${state}`)
  image.setAttribute('aria-hidden', 'true')
  image.append(use)
  return image
}

/** Creates text that only screen readers present. */
const screenReaderText = (text) => element('span', 'visually-hidden', text)

/**
 * Fetches JSON from the gateway.
 *
 * @throws Error with the problem's title and detail
 */
async function fetchJson (path) {
  const reply = await fetch(path, { headers: { authorization: `Bearer ${token}` }, cache: 'no-store', credentials: 'omit' })
  const body = await reply.json()
  if (!reply.ok) throw new Error(`${body.title}. ${body.detail}`)
  return body
}

/** Runs `work` when the form is submitted, and shows the status that it returns or the error that it throws. */
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
  token = byId('token').value.trim()
  // A bearer token contains only visible ASCII characters. With some other characters, `fetch` would throw an unhelpful error.
  if (!/^[!-~]+$/.test(token)) throw new Error('That is not a valid token.')
  const { items } = await fetchJson('/environments')
  byId('environments').replaceChildren(...items.map(({ name }) => {
    const box = element('input', '')
    Object.assign(box, { type: 'checkbox', name: 'environment', value: name, checked: true })
    return element('label', '', box, ` ${name}`)
  }))
  byId('question').hidden = false
  byId('token').value = ''
  return items.length === 0 ? 'No environment is visible to you.' : `${items.length} environments.`
})

onSubmit(byId('question'), async () => {
  const chosen = [...document.querySelectorAll('input[name=environment]:checked')].map(({ value }) => value)
  if (chosen.length === 0) throw new Error('Choose an environment.')
  const query = new URLSearchParams({ environments: chosen.join(','), compareValues: String(byId('compare-values').checked) })
  report = await fetchJson(`/consistency?${query}`)
  byId('report').hidden = false
  rowsShown = pageSize
  renderHead()
  return renderRows()
})

const cellOf = (row, environment) => row.environments[environment] ?? { state: 'hidden', required: false }

/** Returns true if a secret is required but is missing, has no value or is scheduled for deletion. */
const isLacking = ({ state, required }) => required && state !== 'present'

function renderLegend () {
  const entries = Object.entries(states).map(([state, description]) => {
    const sample = element('span', `state ${state}`, icon(state))
    return element('li', '', sample, description)
  })
  byId('legend').replaceChildren(
    ...entries,
    element('li', '', element('span', 'required', '★'), 'required in that environment'),
    element('li', '', element('span', 'group', 'A'), 'the same letter in a row means the same value')
  )
}

/** Renders the header row. It shows each environment with the number of present and the number of missing secrets. */
function renderHead () {
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

/** Returns the letter for a group's number: A for 1, B for 2. A report has at most 20 environments, so the letters suffice. */
const letter = (group) => String.fromCharCode(64 + group)

function renderCell (cell) {
  const rendered = element('td', `state ${cell.state}`, icon(cell.state), screenReaderText(states[cell.state]))
  if (cell.required) {
    const star = element('span', 'required', '★')
    star.setAttribute('aria-hidden', 'true')
    rendered.append(star, screenReaderText(', required'))
    rendered.classList.toggle('lacking', isLacking(cell))
  }
  if (cell.group !== undefined) rendered.append(screenReaderText(', value '), element('span', 'group', letter(cell.group)))
  if (cell.problem !== undefined) rendered.append(screenReaderText(', not compared: '), element('small', '', ` ${cell.problem.title}`))
  rendered.title = rendered.textContent.replace('★', '')
  return rendered
}

function renderRow (row) {
  const head = element('th', '', row.name)
  head.scope = 'row'
  head.title = row.name
  return element('tr', row.differs ? 'differs' : '', head, ...report.environments.map((environment) => renderCell(cellOf(row, environment))))
}

/** Renders the first `rowsShown` rows that match the filters, and returns a summary that counts all matching rows. */
function renderRows () {
  const wanted = byId('name-filter').value.trim().toLowerCase()
  const matching = report.items.filter((row) => row.name.toLowerCase().includes(wanted) &&
    (!byId('only-differences').checked || row.differs) &&
    (!byId('only-lacking').checked || Object.values(row.environments).some(isLacking)))
  byId('rows').replaceChildren(...matching.slice(0, rowsShown).map(renderRow))
  byId('more').hidden = matching.length <= rowsShown
  const differing = report.items.filter((row) => row.differs).length
  const leftOut = Object.entries(report.unaddressable ?? {})
    .map(([environment, count]) => ` ${environment} has ${count} more, with names that the gateway can't address.`)
  return `${matching.length} of ${report.items.length} names; ${differing} differ.${leftOut.join('')}`
}

function refresh () {
  byId('status').textContent = renderRows()
}

byId('filters').addEventListener('submit', (event) => { event.preventDefault() })
byId('filters').addEventListener('input', () => {
  rowsShown = pageSize
  refresh()
})
byId('show-more').addEventListener('click', () => {
  rowsShown += pageSize
  refresh()
})

renderLegend()
