/** The replicas of a secret: their card, and the dialogs that change them. */

import { ask, field, textOf } from '../shared/dialog.js'
import { h } from '../shared/dom.js'
import { call, secretPath } from '../shared/gateway.js'
import { contextOf } from './changes.js'
import { lackingRights, permittedButton } from './rights.js'

/** @typedef {import('./changes.js').Subject} Subject */

/** @param {Subject} subject @param {string} [rest] */
const pathOf = ({ environment, name }, rest = '') => secretPath(environment.name, name, `/replicas${rest}`)

/**
 * Adds a replica, or retries a failed one.
 *
 * @param {Subject} subject
 * @param {import('./secret.js').Replica} [failed]
 * @returns {Promise<string | undefined>}
 */
async function replicate (subject, { region = '', kmsKeyId = '' } = {}) {
  let done = ''
  const isDone = await ask({
    title: `Replicate ${subject.name}`,
    content: [
      field('Region', h('input', {
        id: 'replica-region', name: 'region', value: region, required: true, pattern: '([a-z]+-)+[0-9]+', autocomplete: 'off', spellcheck: 'false'
      }), 'Such as eu-central-1. AWS keeps a copy there, which follows this secret and can only be read.'),
      field('KMS key in that region', h('input', { id: 'replica-key', name: 'key', value: kmsKeyId, maxlength: '2048', autocomplete: 'off', spellcheck: 'false' }),
        'Optional: without one, it is aws/secretsmanager.'),
      h('label', { class: 'check' }, h('input', { type: 'checkbox', name: 'overwrite' }),
        'If there is a secret of this name, overwrite it. All its versions are then lost for good.')
    ],
    submit: 'Replicate',
    context: contextOf(subject),
    send: async (answer) => {
      const [chosen, key] = [textOf(answer, 'region'), textOf(answer, 'key')]
      await call('PUT', pathOf(subject), {
        needs: 'ReplicateSecretToRegions',
        body: JSON.stringify({
          replicaRegions: [{ region: chosen, ...key !== '' && { kmsKeyId: key } }],
          ...answer.has('overwrite') && { forceOverwriteReplicaSecret: true }
        })
      })
      done = `AWS is replicating the secret to ${chosen}. Reload in a while to see how it went.`
    }
  })
  return isDone ? done : undefined
}

/** @param {Subject} subject @param {string} region @returns {Promise<string | undefined>} */
async function removeReplica (subject, region) {
  const isDone = await ask({
    title: `Delete the replica in ${region}`,
    content: [`It is deleted at once and for good. Services that read it in ${region} are refused. The secret itself stays.`],
    submit: 'Delete replica',
    isDanger: true,
    context: contextOf(subject),
    send: async () => {
      await call('DELETE', `${pathOf(subject)}?${new URLSearchParams({ region })}`, { needs: 'RemoveRegionsFromReplication' })
    }
  })
  return isDone ? `The replica in ${region} is deleted.` : undefined
}

/** @param {Subject} subject @returns {Promise<string | undefined>} */
async function standAlone (subject) {
  const { name, environment, metadata: { primaryRegion = 'another region' } } = subject
  let done = ''
  const isDone = await ask({
    title: `Make ${name} a secret of its own`,
    content: [
      `It no longer follows the secret in ${primaryRegion}, and can be changed in ${environment.name}.`,
      'It can’t become that secret’s replica again, unless you delete it or let the replica overwrite it.'
    ],
    submit: 'Make it a secret of its own',
    isDanger: true,
    context: contextOf(subject),
    send: async () => {
      const { warnings = [] } = await call('POST', pathOf(subject, '/promote'), { needs: 'StopReplicationToReplica' })
      done = ['This is a secret of its own now.', ...warnings].join(' ')
    }
  })
  return isDone ? done : undefined
}

const badges = new Map([['InSync', 'present'], ['InProgress', 'placeholder'], ['Failed', 'missing']])

/**
 * Creates the card of a secret that can have replicas.
 *
 * @param {Subject} subject
 * @param {import('./secret.js').After | undefined} after undefined if the replicas can't be changed
 */
export function replicasCard (subject, after) {
  const { may, metadata: { replicas = [] } } = subject
  /** @param {import('./secret.js').Replica} replica */
  const row = (replica) => {
    const { region = '', status = '', statusMessage, kmsKeyId } = replica
    return h('li', {},
      h('span', { class: 'grow' }, region, h('span', { class: 'muted' }, ` ${kmsKeyId ?? 'aws/secretsmanager'}`)),
      statusMessage !== undefined && h('span', { class: 'muted' }, statusMessage),
      status !== '' && h('span', { class: `badge ${badges.get(status) ?? ''}` }, status),
      after !== undefined && status === 'Failed' && permittedButton(may, ['ReplicateSecretToRegions'], {
        class: 'small', 'aria-label': `Replicate to ${region} again`, click: () => after(replicate(subject, replica))
      }, 'Try again…'),
      after !== undefined && permittedButton(may, ['RemoveRegionsFromReplication'], {
        class: 'small danger', 'aria-label': `Delete the replica in ${region}`, click: () => after(removeReplica(subject, region))
      }, 'Delete…'))
  }
  return h('section', { class: 'card', 'aria-labelledby': 'replicas-title' },
    h('h3', { id: 'replicas-title' }, 'Replicas'),
    replicas.length === 0
      ? h('p', { class: 'muted' }, 'The secret is in this region only.')
      : h('ul', { class: 'rows' }, ...replicas.map(row)),
    after !== undefined && h('div', { class: 'actions' },
      permittedButton(may, ['ReplicateSecretToRegions'], { class: 'small', click: () => after(replicate(subject)) }, 'Add a region…')))
}

/**
 * Creates the message about a secret that is itself a replica.
 *
 * @param {Subject} subject
 * @param {import('./secret.js').After} after
 */
export const replicaNotice = (subject, after) => h('div', { class: 'notice' },
  h('strong', {}, `This is a replica of the secret in ${subject.metadata.primaryRegion ?? 'another region'}.`),
  h('span', {}, 'It follows that secret. Change it there.'),
  h('div', { class: 'actions' },
    permittedButton(subject.may, ['StopReplicationToReplica'], { click: () => after(standAlone(subject)) }, 'Make it a secret of its own…')),
  lackingRights(subject.may, ['StopReplicationToReplica']))
