/** The view of one secret: its metadata, and its value if the visitor asks for it. */

import { call, secretPath } from '../shared/gateway.js'
import { dateText, dayText, definitions, h, plural } from '../shared/dom.js'
import { doneNotice, refusalNotice } from '../shared/notice.js'
import { changeKey, editDescription, replaceValue, restore, rollBack, scheduleDeletion, setFirstValue } from './changes.js'
import { tagList } from './environment.js'
import { policyCard } from './policy.js'
import { replicaNotice, replicasCard } from './replicas.js'
import { lackingRights, ordinary, permittedButton, readRights } from './rights.js'
import { rotationCard } from './rotation.js'
import { editTags } from './tags.js'
import { addressOf } from './tree.js'
import { valueCard } from './value.js'

/**
 * @typedef {object} Rotation
 * @property {boolean} enabled
 * @property {string} [lambdaArn]
 * @property {number} [automaticallyAfterDays]
 * @property {string} [scheduleExpression]
 * @property {string} [duration]
 * @property {string} [pendingVersionId]
 * @property {string} [lastRotatedDate]
 * @property {string} [nextRotationDate]
 *
 * @typedef {{ region?: string, kmsKeyId?: string, status?: string, statusMessage?: string }} Replica
 *
 * @typedef {object} Metadata
 * @property {string} name
 * @property {string} arn
 * @property {'active' | 'placeholder' | 'pending-deletion'} state
 * @property {string} [type]
 * @property {string} [description]
 * @property {string} [kmsKeyId]
 * @property {Record<string, string>} [tags]
 * @property {Record<string, string[]>} [versions]
 * @property {Rotation} [rotation]
 * @property {string} [createdDate]
 * @property {string} [lastChangedDate]
 * @property {string} [lastAccessedDate]
 * @property {string} [deletedDate]
 * @property {string} [owningService]
 * @property {string} [primaryRegion]
 * @property {Replica[]} [replicas]
 *
 * @typedef {{ versionId: string, hasValue?: boolean, versionStages?: string[], createdDate?: string }} Version
 *
 * @typedef {object} Place
 * @property {import('./environment.js').Environment} environment
 * @property {string} name
 * @property {HTMLElement} container
 * @property {(state: Metadata['state']) => void} onState called with the secret's state whenever it is known
 *
 * @callback After shows the secret again after a change
 * @param {Promise<string | undefined>} change resolves to a sentence about the result, or to undefined if the visitor has
 * cancelled
 * @returns {Promise<void>}
 */

const states = { active: undefined, placeholder: 'no value', 'pending-deletion': 'deletion scheduled' }

/** Moves the focus to the heading, so that a screen reader announces what is shown. @param {HTMLElement} container */
export const focusHeading = (container) => { container.querySelector('h2')?.focus({ preventScroll: true }) }

/** @type {() => void} */
let hideShown = () => undefined

/** Masks the value, if one is shown. */
export function hideValue () {
  hideShown()
}

/**
 * Loads a secret and shows it.
 *
 * @param {Place} place
 * @param {string} [done] the result of a change, to be shown
 */
export async function showSecret (place, done) {
  const { environment: { name: environment }, name, container, onState } = place
  hideValue()
  const heading = title(environment, name)
  const isCurrent = () => heading.isConnected
  container.replaceChildren(h('article', { 'aria-busy': 'true' }, heading, h('p', { class: 'muted' }, 'Loading …')))
  const again = async () => {
    await showSecret(place)
    focusHeading(container)
  }
  const reload = h('button', { type: 'button', class: 'small', click: again }, 'Reload')
  const rights = readRights(environment, name)
  try {
    /** @type {Metadata} */
    const metadata = await call('GET', secretPath(environment, name, '/metadata'), { needs: 'DescribeSecret' })
    const may = await rights
    if (!isCurrent()) return
    onState(metadata.state)
    container.replaceChildren(article(place, metadata, may, done))
  } catch (error) {
    if (isCurrent()) container.replaceChildren(h('article', {}, heading, refusalNotice(error, { environment, name }, reload)))
  }
}

/** @param {string} environment @param {string} name @param {Metadata['state']} [state] */
function title (environment, name, state = 'active') {
  const badge = states[state]
  return h('div', { class: 'title' },
    h('a', { class: 'back', href: addressOf(environment) }, '← All secrets'),
    h('span', { class: 'place' }, environment),
    h('h2', { tabindex: '-1' }, name, badge !== undefined && h('span', { class: `badge ${state}` }, badge)))
}

/** @param {Place} place @param {Metadata} metadata @param {import('./rights.js').May} may @param {string} [done] */
function article (place, metadata, may, done) {
  const { environment, name } = place
  const subject = { environment, name, metadata, may }
  /** @type {After} */
  const after = async (change) => {
    const result = await change
    if (result === undefined) return
    await showSecret(place, result)
    // The button that had the focus no longer exists.
    focusHeading(place.container)
  }
  const isDeleted = metadata.state === 'pending-deletion'
  const isReplica = (metadata.primaryRegion ?? environment.region) !== environment.region
  // A replica can't be changed, and neither can a secret whose deletion is scheduled.
  const afterEdit = isDeleted || isReplica ? undefined : after
  const value = valueCard({
    environment: environment.name,
    name,
    may,
    edit: afterEdit === undefined ? undefined : {
      key: (key) => { void afterEdit(changeKey(subject, key)) },
      all: () => { void afterEdit(replaceValue(subject)) }
    }
  })
  hideShown = value.hide
  return h('article', {},
    title(environment.name, name, metadata.state),
    done !== undefined && doneNotice(done),
    isDeleted && deletedNotice(subject, () => after(restore(subject))),
    isReplica && !isDeleted && replicaNotice(subject, after),
    metadata.state === 'placeholder' && h('div', { class: 'notice' },
      h('strong', {}, 'This secret is a placeholder: it has no value yet.'),
      h('div', { class: 'actions' }, permittedButton(may, ['PutSecretValue'], { class: 'primary', click: () => after(setFirstValue(subject)) }, 'Set its first value…'))),
    metadata.state === 'active' && value.card,
    details(subject, afterEdit),
    !isDeleted && metadata.state !== 'placeholder' && versionsCard(subject, afterEdit),
    (afterEdit !== undefined || metadata.rotation !== undefined) && rotationCard(subject, afterEdit),
    (afterEdit !== undefined || (metadata.replicas ?? []).length > 0) && replicasCard(subject, afterEdit),
    afterEdit !== undefined && policyCard(subject, afterEdit),
    afterEdit !== undefined && h('section', { class: 'card' },
      h('header', {},
        h('div', {}, h('h3', {}, 'Delete'), h('p', { class: 'hint' }, `It can be restored for ${plural(environment.recoveryWindowInDays, 'day')}.`)),
        permittedButton(may, ['DeleteSecret'], { class: 'danger', click: () => afterEdit(scheduleDeletion(subject)) }, 'Schedule deletion…'))),
    afterEdit !== undefined && lackingRights(may, ordinary))
}

/** @param {import('./changes.js').Subject} subject @param {() => unknown} undo */
const deletedNotice = ({ metadata: { deletedDate }, may }, undo) => h('div', { class: 'notice' },
  h('strong', {}, 'This secret is scheduled for deletion.'),
  deletedDate !== undefined && h('span', {}, 'Its deletion was requested on ', dateText(deletedDate) ?? '', '. Services that read it are refused.'),
  h('div', { class: 'actions' }, permittedButton(may, ['RestoreSecret'], { class: 'primary', click: undo }, 'Restore')),
  lackingRights(may, ['RestoreSecret']))

/** @param {import('./changes.js').Subject} subject @param {After | undefined} after undefined if nothing can be changed */
function details (subject, after) {
  const { environment: { region }, metadata, may } = subject
  const { description, type, kmsKeyId, owningService, primaryRegion, arn, tags = {} } = metadata
  const { createdDate, lastChangedDate, lastAccessedDate } = metadata
  return h('section', { class: 'card', 'aria-labelledby': 'details-title' },
    h('header', {},
      h('h3', { id: 'details-title' }, 'Details'),
      after !== undefined && h('div', { class: 'actions' },
        permittedButton(may, ['UpdateSecret'], { class: 'small', click: () => after(editDescription(subject)) }, 'Edit description…'),
        // A visitor who may only remove tags needs no other permission for that.
        permittedButton(may, may('UntagResource') ? [] : ['TagResource'], { class: 'small', click: () => after(editTags(subject)) }, 'Edit tags…'))),
    definitions([
      ['Description', description],
      ['Type', type],
      ['Managed by', owningService],
      ['Created', dateText(createdDate)],
      ['Last changed', dateText(lastChangedDate)],
      ['Last read', lastAccessedDate === undefined ? 'never, or not yet known to AWS' : dayText(lastAccessedDate)],
      ['KMS key', kmsKeyId ?? 'aws/secretsmanager'],
      ['Replica of the secret in', primaryRegion === region ? undefined : primaryRegion],
      ['Tags', Object.keys(tags).length === 0 ? 'none' : tagList(tags)],
      ['ARN', h('code', {}, arn)]
    ]))
}

/** @param {Version} version */
const isCurrent = ({ versionStages = [] }) => versionStages.includes('AWSCURRENT')

/** @param {import('./changes.js').Subject} subject @param {After | undefined} after undefined if no version can become current */
function versionsCard (subject, after) {
  const { environment, name, may } = subject
  const place = h('div', { 'aria-live': 'polite' }, h('p', { class: 'muted' }, 'Loading …'))
  /** @param {Version} version */
  const row = (version) => {
    const { versionId, versionStages = [], createdDate, hasValue } = version
    return h('li', {},
      h('span', { class: 'grow' },
        h('code', { title: versionId }, versionId.length > 13 ? `${versionId.slice(0, 8)}…` : versionId),
        h('span', { class: 'muted' }, ' ', dateText(createdDate) ?? '')),
      ...versionStages.map((stage) => h('span', { class: `badge ${stage === 'AWSCURRENT' ? 'present' : ''}` }, stage)),
      hasValue === false && h('span', { class: 'badge placeholder' }, 'no value yet'),
      after !== undefined && !isCurrent(version) && hasValue !== false && permittedButton(may, ['UpdateSecretVersionStage'], {
        class: 'small', 'aria-label': `Roll back to ${versionId}`, click: () => after(rollBack(subject, version))
      }, 'Roll back…'))
  }
  call('GET', `${secretPath(environment.name, name, '/versions')}?includeDeprecated=true`, { needs: 'ListSecretVersionIds' })
    .then((/** @type {{ items: Version[], nextCursor?: string }} */ { items, nextCursor }) => {
      const sorted = [...items].sort((one, other) => Number(isCurrent(other)) - Number(isCurrent(one)) ||
        (other.createdDate ?? '').localeCompare(one.createdDate ?? ''))
      place.replaceChildren(h('ul', { class: 'rows' }, ...sorted.map(row)))
      if (nextCursor !== undefined) place.append(h('p', { class: 'hint' }, 'There are more; these are the first 100.'))
    })
    .catch((/** @type {unknown} */ error) => {
      place.replaceChildren(refusalNotice(error, { environment: environment.name, name }))
    })
  return h('section', { class: 'card' }, h('h3', {}, 'Versions'), place)
}
