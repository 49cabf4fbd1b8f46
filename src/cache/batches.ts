import { shapes } from '#src/aws-model/shapes'
import type { AwsCall } from '#src/aws/call'
import type { BatchResult, SecretsPort, VersionSelector } from '#src/aws/port'
import type { ReadSecret } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { isProblem, type Problem } from '#src/problems/problem'
import { cacheEffectOf, isSessionSpecific } from './failures.ts'
import { createBatcher, type BatchWait } from './batcher.ts'
import { selectsCurrent } from './cached-secret.ts'
import type { CacheOptions } from './settings.ts'

/** A read from AWS for the cache. */
export interface BatchedRead {
  readonly call: AwsCall
  readonly name: SecretName
  readonly selector: VersionSelector
  /** Identifies the callers that may share the result. */
  readonly owner: string | undefined
}

/** Reads secrets from AWS. Reads of the same group share calls. */
export interface Batches {
  /**
   * Reads a secret.
   *
   * @param spare how long a renewal can wait for other reads, in milliseconds
   */
  read: (read: BatchedRead, spare: number) => Promise<ReadSecret>
  /** Waits for the promise. Meanwhile, other reads of the group wait for this read, because it is about to begin. */
  announce: (read: BatchedRead, until: Promise<void>) => Promise<void>
}

/** A read that is waiting or in progress. */
interface Waiting extends BatchedRead {
  readonly resolve: (secret: ReadSecret) => void
  readonly reject: (reason: unknown) => void
}

/** The maximum time in milliseconds for which a caller's read waits for a call in progress, if AWS is slow. */
const longestWait = 100

/** The time in milliseconds for which secrets are read one by one after AWS has refused to return several at once. */
const singlyFor = 5 * 60_000

/** Creates the functions that read in batches. Only current versions are batched, because AWS returns no others in a batch. */
export function createBatches (
  { getSecretValue, batchGetSecretValue }: Pick<SecretsPort, 'getSecretValue' | 'batchGetSecretValue'>,
  { hasSessions, monotonic, after, onShared }: CacheOptions
): Batches {
  /** The times until which secrets are read one by one, keyed by credential and region. */
  const singlyUntil = new Map<string, number>()
  const batcher = createBatcher<Waiting>(shapes.SecretIdListType.max, send, after ?? afterTimeout)

  async function readSingly ({ call, name, selector, resolve, reject }: Waiting): Promise<void> {
    await getSecretValue(call, name, selector).then(resolve, reject)
  }

  /** Sends the reads of one group. */
  async function send (all: readonly Waiting[]): Promise<void> {
    const reads = all.filter(isWanted)
    for (const { call: { signal }, reject } of all.filter((read) => !isWanted(read))) reject(signal?.reason)
    const [first, second] = reads
    if (first === undefined) return
    const isSingle = second === undefined || (singlyUntil.get(lineOf(first)) ?? -Infinity) > monotonic()
    await (isSingle ? Promise.all(reads.map(readSingly)) : sendBatch(first.call, reads))
  }

  async function sendBatch (call: AwsCall, reads: readonly Waiting[]): Promise<void> {
    const results = new Map<SecretName, BatchResult>()
    try {
      for (const result of await readTogether(call, reads)) results.set(result.name, result)
    } catch (error) {
      // If AWS has not answered at all, the secrets are not read singly either.
      if (cacheEffectOf(error) === 'unanswered' || isProblem(error, 'caller-gone')) {
        for (const { reject } of reads) reject(error)
        return
      }
      if (!isProblem(error, 'overloaded')) singlyUntil.set(lineOf({ call }), monotonic() + singlyFor)
    }
    const unanswered: Waiting[] = []
    for (const read of reads) {
      const result = results.get(read.name)
      if (result === undefined || ('problem' in result && isOthers(result.problem, read.call, call))) unanswered.push(read)
      else if ('problem' in result) read.reject(result.problem)
      else read.resolve(result.secret)
    }
    const answered = reads.length - unanswered.length
    if (answered > 1 && call.background === undefined) onShared?.(answered - 1)
    await Promise.all(unanswered.map(readSingly))
  }

  /** Returns true if a read may have failed only because it was sent with another caller's session. */
  const isOthers = (problem: Problem, { callerId, credentialId }: AwsCall, asked: AwsCall): boolean =>
    callerId !== asked.callerId && hasSessions(credentialId) && isSessionSpecific(problem)

  /** Reads secrets with one call, which is aborted once nobody waits for any of the secrets. */
  async function readTogether (call: AwsCall, reads: readonly Waiting[]): Promise<BatchResult[]> {
    const controller = new AbortController()
    const leave = (): void => {
      if (reads.every((read) => read.call.signal?.aborted === true)) controller.abort(call.signal?.reason)
    }
    for (const read of reads) read.call.signal?.addEventListener('abort', leave, { once: true })
    leave()
    const { items } = await batchGetSecretValue({
      ...call,
      signal: controller.signal,
      mayNameCredential: () => reads.every((read) => read.call.mayNameCredential?.() === true),
      onResponse (awsRequestId) { for (const read of reads) read.call.onResponse?.(awsRequestId) }
    }, { names: [...new Set(reads.map(({ name }) => name))] })
    return items
  }

  return {
    async read (read, spare) {
      const { call, name, selector } = read
      if (!selectsCurrent(selector)) return getSecretValue(call, name, selector)
      const wait: BatchWait = { longest: isRenewal(read) ? spare : longestWait, isUrgent: !isRenewal(read) }
      return new Promise((resolve, reject) => { batcher.add(groupOf(read), { ...read, resolve, reject }, wait) })
    },
    async announce (read, until) {
      const arrived = selectsCurrent(read.selector) ? batcher.expect(groupOf(read)) : undefined
      await until.finally(arrived)
    }
  }
}

/** Returns false if the caller has left, or the cache has been closed. */
const isWanted = ({ call: { signal, background } }: BatchedRead): boolean =>
  signal?.aborted !== true && background?.aborted !== true

const isRenewal = ({ call: { background } }: BatchedRead): boolean => background !== undefined

const lineOf = ({ call: { environment: { region }, credentialId } }: Pick<BatchedRead, 'call'>): string =>
  JSON.stringify([credentialId, region])

const groupOf = (read: BatchedRead): string => {
  const { call: { credentialId, environment: { name, region, account, namePrefix } }, owner } = read
  return JSON.stringify([name, region, account, namePrefix, credentialId, owner, isRenewal(read)])
}

function afterTimeout (milliseconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, milliseconds).unref()
  return () => { clearTimeout(timer) }
}
