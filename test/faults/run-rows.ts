import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { failureText } from '#src/problems/failure'
import { catalogueEntry } from '#src/problems/catalogue'
import { passTime } from '#test/clock'
import type { Reply } from '#test/helper'
import { until } from '#test/until'
import type { Promised, Row } from './row.ts'
import { environmentOf, environments, setUp, type Setup } from './set-up.ts'
import type { Group } from './table.ts'

/** The time limit of a call, in seconds, for rows whose calls end sooner. It is shorter than any `Retry-After` in these rows. */
const usualDeadline = 20

/** Tests each row of a group. */
export function runRows (group: Group): void {
  t.test(group.title, async (t) => {
    const { deadlineSeconds = usualDeadline, tls, rows } = group
    const setup = await setUp(t, { deadlineSeconds: usualDeadline, ...tls !== undefined && { tls } })
    const { gateway } = setup
    for (const name of Object.keys(environments)) {
      t.equal((await gateway.send('PUT', `/environments/${name}/secrets/a`, { json: { value: 'before' } })).status, 201)
    }
    for (const row of rows) await t.test(`${row.what}: ${row.call}`, async (t) => testRow(t, setup, row, deadlineSeconds))
  })
}

async function testRow (t: Test, setup: Setup, row: Row, deadlineSeconds: number): Promise<void> {
  const { call, fault, times, spared, promise } = row
  const { gateway } = setup
  const { config } = gateway.fastify
  const isOfSts = call.includes('AssumeRole') || call === 'GetCallerIdentity'
  const proxy = isOfSts ? setup.sts : setup.secretsManager
  const path = `/environments/${environmentOf[call]}/secrets/a`
  const read = async (): Promise<Reply> => gateway.send('GET', path)
  /** Sets the time limit of a call. A reload of the configuration also discards the keys that were fetched earlier. */
  const setDeadline = (seconds: number): void => {
    const deadline = 1_000 * seconds
    config.replace({ ...config.current, aws: { ...config.current.aws, deadline, stsDeadline: deadline } })
  }

  setDeadline(usualDeadline)
  const before = (await read()).json.value as string
  const written = `${row.what}: ${call}`
  // Only a row about the deadline has a short deadline, because a slow machine may exceed it.
  setDeadline(promise.atDeadline === true ? deadlineSeconds : usualDeadline)
  await proxy.plant(fault, times, spared)
  const begun = performance.now()
  const headers = call === 'write' ? { 'idempotency-key': randomUUID() } : {}
  const writes = call === 'write' || call === 'read before a write'
  const reply = writes ? await gateway.send('PUT', path, { json: { value: written }, headers }) : await read()
  const took = performance.now() - begun

  checkReply(t, reply, row)
  t.equal(proxy.attempts(), promise.attempts, 'attempts')
  if (promise.atDeadline === true) t.ok(took >= deadlineSeconds * 1_000 - 1, 'not before the deadline')
  await until(() => proxy.open() === 0)
  if (promise.pause !== undefined) {
    t.match(await read(), { status: promise.status, json: { code: promise.code } }, 'the error is repeated')
    t.equal(proxy.attempts(), promise.attempts, 'without another attempt')
  }

  await proxy.lift()
  passTime((promise.pause ?? 0) * 1_000)
  const after = await read()
  t.match(after, { status: 200, json: { value: promise.isWritten === true ? written : before } }, 'works again')
}

function checkReply (t: Test, { status, headers, json }: Reply, { call, promise }: Row): void {
  const operation = call === 'write' ? 'PutSecretValue' : 'GetSecretValue'
  t.same({ status, code: json.code }, { status: promise.status, code: promise.code })
  const { cause, effect, code } = promise
  if (code === undefined) return
  const detail = cause === undefined || effect === undefined ? catalogueEntry(code).advice : failureText({ operation, cause, effect })
  t.equal(json.detail, detail)
  t.equal(headers.get('retry-after'), retryAfterOf(promise))
}

const retryAfterOf = ({ retryAfter }: Promised): string | null => retryAfter === undefined ? null : String(retryAfter)
