/** The rotation of a secret: its card, and the dialogs that change it. */

import { ask, field, textOf } from '../shared/dialog.js'
import { dateText, definitions, h, plural } from '../shared/dom.js'
import { call, secretPath } from '../shared/gateway.js'
import { contextOf } from './changes.js'
import { permittedButton } from './rights.js'

/**
 * @typedef {import('./changes.js').Subject} Subject
 * @typedef {import('./secret.js').Rotation} Rotation
 */

/** @param {Subject} subject */
const pathOf = ({ environment, name }) => secretPath(environment.name, name, '/rotation')

/**
 * Checks that the rotation's settings have not changed since the visitor saw them. `If-Match` can't check that, because a
 * rotation has no version.
 *
 * @param {Subject} subject
 * @param {readonly (keyof Rotation)[]} [more] further members that must not have changed
 */
async function assertUnchanged ({ environment, name, metadata }, more = []) {
  const latest = await call('GET', secretPath(environment.name, name, '/metadata'), { needs: 'DescribeSecret' })
  /** @type {readonly (keyof Rotation)[]} */
  const settings = ['enabled', 'lambdaArn', 'automaticallyAfterDays', 'scheduleExpression', 'duration', ...more]
  if (settings.every((setting) => latest.rotation?.[setting] === metadata.rotation?.[setting])) return
  throw new Error('Somebody has changed the rotation since you opened it. Nothing was written. Reload the page, and then decide.')
}

/**
 * Creates the fields of a schedule. Fields that do not belong to the chosen kind are hidden and not sent.
 *
 * @param {Partial<Rotation>} rotation
 */
function scheduleFields ({ scheduleExpression, automaticallyAfterDays = 30, duration }) {
  const days = h('input', { id: 'rotation-days', name: 'days', type: 'number', min: '1', max: '1000', value: automaticallyAfterDays, required: true })
  const expression = h('input', {
    id: 'rotation-expression', name: 'expression', value: scheduleExpression ?? '', maxlength: '256', required: true, autocomplete: 'off', spellcheck: 'false'
  })
  const kind = h('select', { id: 'rotation-kind', name: 'kind' },
    h('option', { value: 'days' }, 'Every so many days'),
    h('option', { value: 'expression', selected: scheduleExpression !== undefined }, 'As an expression says'))
  const fields = [
    { of: 'days', control: days, shown: field('Days between rotations', days) },
    { of: 'expression', control: expression, shown: field('Expression', expression, 'In UTC, such as rate(10 days) or cron(0 16 1,15 * ? *).') }
  ]
  const showChosen = () => {
    for (const { of, control, shown } of fields) shown.hidden = control.disabled = of !== kind.value
  }
  kind.addEventListener('change', showChosen)
  showChosen()
  return [
    field('Schedule', kind),
    ...fields.map(({ shown }) => shown),
    field('Window', h('input', { id: 'rotation-window', name: 'duration', value: duration ?? '', pattern: '[0-9]{1,2}h', autocomplete: 'off' }),
      'Optional: how long after the scheduled time a rotation may begin, such as 3h.')
  ]
}

/** @param {Subject} subject @returns {Promise<string | undefined>} */
async function configure (subject) {
  const { name, metadata } = subject
  /** @type {Partial<Rotation>} */
  const rotation = metadata.rotation ?? {}
  let done = ''
  const isDone = await ask({
    title: `Rotation of ${name}`,
    content: [
      field('Function', h('input', {
        id: 'rotation-function', name: 'function', value: rotation.lambdaArn ?? '', required: true, maxlength: '2048', autocomplete: 'off', spellcheck: 'false'
      }), 'The ARN of the Lambda function that makes new values. Whoever controls this function gets them.'),
      ...scheduleFields(rotation),
      h('label', { class: 'check' }, h('input', { type: 'checkbox', name: 'now' }),
        'Rotate now as well. Otherwise AWS only tests the function now, and rotates in the next window.')
    ],
    submit: 'Save rotation',
    context: contextOf(subject),
    send: async (answer) => {
      const rotateImmediately = answer.has('now')
      const duration = textOf(answer, 'duration')
      await assertUnchanged(subject)
      const { warnings = [] } = await call('PUT', pathOf(subject), {
        needs: rotateImmediately ? 'ConfigureRotation, and for a rotation now also RotateSecret' : 'ConfigureRotation',
        body: JSON.stringify({
          lambdaArn: textOf(answer, 'function'),
          ...answer.has('days') ? { automaticallyAfterDays: Number(textOf(answer, 'days')) } : { scheduleExpression: textOf(answer, 'expression') },
          ...duration !== '' && { duration },
          rotateImmediately
        })
      })
      done = ['The rotation is saved.', ...rotateImmediately ? ['The first one has begun.'] : [], ...warnings].join(' ')
    }
  })
  return isDone ? done : undefined
}

/** @param {Subject} subject @returns {Promise<string | undefined>} */
async function rotateNow (subject) {
  const { name, environment } = subject
  let done = ''
  const isDone = await ask({
    title: `Rotate ${name} now`,
    content: [
      `The function makes a new value, and sets it where it is used, such as in a database. Services in ${environment.name} get it the next time they read.`,
      'It can’t be undone: a rollback brings the old value back here, but the database no longer accepts it.'
    ],
    submit: 'Rotate now',
    isDanger: true,
    context: contextOf(subject),
    send: async () => {
      const { warnings = [] } = await call('POST', pathOf(subject), { needs: 'RotateSecret' })
      done = ['The rotation has begun. Reload in a while to see how it went.', ...warnings].join(' ')
    }
  })
  return isDone ? done : undefined
}

/** @param {Subject} subject @returns {Promise<string | undefined>} */
async function turnOff (subject) {
  const { name, metadata: { rotation } } = subject
  const isUnfinished = rotation?.pendingVersionId !== undefined
  const isDone = await ask({
    title: `Turn off the rotation of ${name}`,
    content: [
      'The value then stays as it is until somebody replaces it. The function and the schedule are kept.',
      isUnfinished ? h('label', { class: 'check' }, h('input', { type: 'checkbox', name: 'discard' }),
        'Also discard the version of the unfinished rotation. Until then, no other rotation can begin.') : undefined
    ],
    submit: 'Turn off',
    context: contextOf(subject),
    send: async (answer) => {
      const isDiscarded = answer.has('discard')
      await assertUnchanged(subject, isDiscarded ? ['pendingVersionId'] : [])
      await call('DELETE', `${pathOf(subject)}?discardPending=${isDiscarded}`, {
        needs: isDiscarded ? 'CancelRotateSecret, and for discarding also UpdateSecretVersionStage' : 'CancelRotateSecret'
      })
    }
  })
  return isDone ? 'The rotation is off.' : undefined
}

/** @param {Rotation} rotation */
function facts ({ enabled, lambdaArn, automaticallyAfterDays, scheduleExpression, duration, ...rotation }) {
  const { pendingVersionId, lastRotatedDate, nextRotationDate } = rotation
  return [
    pendingVersionId !== undefined && h('p', {}, enabled ? 'A rotation is in progress, or has failed and will be attempted again.' : 'A rotation was cancelled before it succeeded.'),
    definitions([
      ['Schedule', scheduleExpression ?? (automaticallyAfterDays === undefined ? undefined : `every ${plural(automaticallyAfterDays, 'day')}`)],
      ['Window', duration],
      ['Last rotated', lastRotatedDate === undefined ? 'never' : dateText(lastRotatedDate)],
      ['Next rotation by', dateText(nextRotationDate)],
      ['Function', lambdaArn === undefined ? undefined : h('code', {}, lambdaArn)]
    ])
  ]
}

/**
 * Creates the card.
 *
 * @param {Subject} subject
 * @param {import('./secret.js').After | undefined} after undefined if the rotation can't be changed
 */
export function rotationCard (subject, after) {
  const { may, metadata: { rotation } } = subject
  /** @param {string} text @param {string} needs @param {(subject: Subject) => Promise<string | undefined>} change */
  const button = (text, needs, change) => after !== undefined && permittedButton(may, [needs], { class: 'small', click: () => after(change(subject)) }, text)
  const canTurnOff = rotation?.enabled === true || rotation?.pendingVersionId !== undefined
  return h('section', { class: 'card', 'aria-labelledby': 'rotation-title' },
    h('header', {},
      h('h3', { id: 'rotation-title' }, 'Rotation'),
      h('span', { class: `badge ${rotation?.enabled === true ? 'present' : ''}` }, rotation?.enabled === true ? 'on' : 'off')),
    ...rotation === undefined ? [h('p', { class: 'muted' }, 'The value stays as it is until somebody replaces it.')] : facts(rotation),
    after !== undefined && h('div', { class: 'actions' },
      button(rotation === undefined ? 'Set up rotation…' : 'Change rotation…', 'ConfigureRotation', configure),
      rotation !== undefined && button('Rotate now…', 'RotateSecret', rotateNow),
      canTurnOff && button('Turn off…', 'CancelRotateSecret', turnOff)))
}
