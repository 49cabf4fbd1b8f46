import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { tokens, type Gateway, type Reply, type RequestOptions } from '#test/helper'
import type { Operation, Outcome, Read, Request } from './history.ts'

/** The actions of callers on a secret, and their frequencies. */
const weights = {
  read: 4, readMetadata: 2, readMany: 2,
  create: 1, createNew: 1, bulkCreate: 1, bulkUpdate: 1, put: 2, replace: 5, update: 1, patch: 1,
  move: 2, removeLabel: 1, moveCurrent: 1, rollBack: 1,
  delete: 1, forceDelete: 1, restore: 3,
  wait: 1
} as const

export type Kind = keyof typeof weights

const kinds = Object.keys(weights) as Kind[]
const action = fc.oneof(...kinds.map((kind) => ({ weight: weights[kind], arbitrary: fc.constant(kind) })))

/** Programs for three concurrent callers: each carries out its actions one after another. */
export const programs = fc.array(fc.array(action, { minLength: 4, maxLength: 9 }), { minLength: 3, maxLength: 3 })

/** The recorded events of a secret. */
export interface Recording {
  operations: Operation[]
  reads: Read[]
  /** The value of each version whose ID a reply contained. Each value is written only once, so it also identifies its version. */
  values: Map<string, string>
  /** Returns the position of the next event. */
  next: () => number
}

export function newRecording (): Recording {
  let events = 0
  return { operations: [], reads: [], values: new Map(), next: () => ++events }
}

/** The statuses of replies that do not say whether AWS has carried out the request. */
const unanswered: ReadonlySet<number> = new Set([429, 500, 502, 503, 504])

/** Returns the outcome of a request. It is also unknown if a refusal says that AWS may have carried out an earlier attempt. */
const outcomeOf = (status: number, { code, detail }: Reply['json']): Outcome => {
  if (status < 300) return 'done'
  return unanswered.has(status) || /unknown whether/.test(detail) ? 'unknown' : code
}

const callers = [tokens.administrator, tokens.pipeline, tokens.writer]

/** The changes of a secret for each result of its item in a bulk create. */
const bulkEffects: Readonly<Record<string, readonly ('create' | 'update' | 'restore')[]>> =
  { created: ['create'], updated: ['update'], restored: ['restore', 'update'] }

/** Returns a caller's requests for a secret. Each adds its operation and the reply to the recording. */
export function createCaller (
  gateway: Gateway, name: string, number: number, { operations, reads, values, next }: Recording
): Record<Kind, () => Promise<void>> {
  const path = `/environments/dev/secrets/${name}`
  /** The current version, and the version with the label `blue`, as far as the caller knows. */
  let current: string | undefined
  let blue: string | undefined

  const ask = async (method: string, url: string, options: RequestOptions = {}): Promise<Reply> =>
    gateway.send(method, url, { token: callers[number] ?? null, ...options })

  function record (request: Request, began: number, outcome: Outcome): void {
    operations.push({ ...request, caller: number, began, ended: outcome === 'unknown' ? Infinity : next(), outcome })
  }

  async function write (request: Request, method: string, suffix = '', options: RequestOptions = {}): Promise<Reply> {
    const began = next()
    const reply = await ask(method, path + suffix, options)
    record(request, began, outcomeOf(reply.status, reply.json))
    return reply
  }

  function learn (versionId: string, value: string): void {
    values.set(versionId, value)
    current = versionId
  }

  const newValue = (): string => JSON.stringify({ id: randomUUID() })

  async function writeValue (
    request: { kind: 'create' | 'update' | 'patch' } | { kind: 'replace', expected: string }, method: string, suffix: string,
    optionsFor: (value: string) => RequestOptions = (value) => ({ json: { value } })
  ): Promise<void> {
    const value = newValue()
    const { status, json } = await write({ ...request, version: value }, method, suffix, optionsFor(value))
    if (status < 300) learn(json.versionId, value)
  }

  async function bulk (kind: 'create' | 'put', options: { onConflict?: string, restore?: boolean }): Promise<void> {
    const value = newValue()
    const began = next()
    const { json } = await ask('POST', '/environments/dev/secrets', { json: { secrets: [{ name, value }], ...options } })
    const { result, versionId, problem } = json.items?.[0] ?? { problem: json }
    const effects = bulkEffects[result]
    const requestOf = (effect: 'create' | 'update' | 'restore' | 'put'): Request => effect === 'restore' ? { kind: effect } : { kind: effect, version: value }
    if (effects === undefined) {
      if (options.restore === true) record({ kind: 'restore' }, began, 'unknown')
      record(requestOf(kind), began, outcomeOf(problem.status, problem))
    } else {
      for (const effect of effects) record(requestOf(effect), began, 'done')
      learn(versionId, value)
    }
  }

  /** @param find returns the version that a reply shows, or the code of its problem */
  async function read (method: string, url: string, options: RequestOptions, find: (json: Reply['json']) => string): Promise<void> {
    const began = next()
    const { status, json } = await ask(method, url, options)
    if (unanswered.has(json.items?.[0]?.problem?.status ?? status)) return
    reads.push({ caller: number, began, ended: next(), found: status === 200 ? find(json) : json.code })
  }

  function valueIn ({ versionId, value }: { versionId: string, value: string }): string {
    learn(versionId, value)
    return versionId
  }

  const readMetadata = ({ state, versions = {} }: { state: string, versions?: Record<string, string[]> }): string =>
    state === 'pending-deletion' ? 'secret-pending-deletion' : Object.keys(versions).find((id) => versions[id]?.includes('AWSCURRENT')) ?? ''

  /** Determines which version has the label `blue`. */
  async function findBlue (): Promise<void> {
    const { status, json } = await ask('GET', `${path}?versionStage=blue`)
    blue = status === 200 ? json.versionId : undefined
    if (blue !== undefined) values.set(blue, json.value)
  }

  const anotherVersion = (): string | undefined => [...values.keys()].findLast((versionId) => versionId !== current)

  return {
    read: async () => read('GET', path, {}, valueIn),
    readMetadata: async () => read('GET', `${path}/metadata`, {}, readMetadata),
    readMany: async () => read('POST', '/environments/dev/values', { json: { names: [name] } },
      ({ items: [{ secret, problem }] }) => secret === undefined ? problem.code : valueIn(secret)),
    create: async () => writeValue({ kind: 'create' }, 'PUT', '', (value) => ({ json: { value }, headers: { 'if-none-match': '*' } })),
    createNew: async () => writeValue({ kind: 'create' }, 'POST', ''),
    bulkCreate: async () => bulk('create', {}),
    bulkUpdate: async () => bulk('put', { onConflict: 'update', restore: true }),
    async put () {
      const value = newValue()
      const options = { json: { value }, headers: { 'idempotency-key': randomUUID() } }
      for (let attempt = 1, status = 0; attempt === 1 || (attempt <= 3 && unanswered.has(status)); attempt++) {
        const reply = await write({ kind: 'put', version: value }, 'PUT', '', options)
        status = reply.status
        if (status < 300) learn(reply.json.versionId, value)
      }
    },
    async replace () {
      if (current === undefined) return
      const headers = { 'if-match': `"${current}"` }
      await writeValue({ kind: 'replace', expected: current }, 'PUT', '', (value) => ({ json: { value }, headers }))
    },
    update: async () => writeValue({ kind: 'update' }, 'PATCH', ''),
    patch: async () => writeValue({ kind: 'patch' }, 'PATCH', '/value', (value) =>
      ({ body: value, headers: { 'content-type': 'application/merge-patch+json' } })),
    async move () {
      if (current === undefined) return
      const json = { moveToVersionId: current, ...blue !== undefined && { removeFromVersionId: blue } }
      const { status } = await write({ kind: 'move', label: 'blue', version: current, from: blue }, 'PUT', '/stages/blue', { json })
      if (status < 300) blue = json.moveToVersionId
      else await findBlue()
    },
    async removeLabel () {
      if (blue === undefined) return
      const { status } = await write({ kind: 'removeLabel', label: 'blue', version: blue }, 'DELETE', `/stages/blue?versionId=${blue}`)
      if (status < 300) blue = undefined
      else await findBlue()
    },
    async moveCurrent () {
      const version = anotherVersion()
      if (current === undefined || version === undefined) return
      const json = { moveToVersionId: version, removeFromVersionId: current }
      const { status } = await write({ kind: 'move', label: 'AWSCURRENT', version, from: current }, 'PUT', '/stages/AWSCURRENT', { json })
      if (status < 300) current = version
    },
    async rollBack () {
      const version = anotherVersion()
      if (version === undefined) return
      const { status } = await write({ kind: 'rollBack', version }, 'POST', '/rollback', { json: { versionId: version } })
      if (status < 300) current = version
    },
    delete: async () => { await write({ kind: 'delete' }, 'DELETE') },
    forceDelete: async () => { await write({ kind: 'forceDelete' }, 'DELETE', '?force=true') },
    restore: async () => { await write({ kind: 'restore' }, 'POST', '/restore') },
    wait: async () => { gateway.catchUp() }
  }
}
