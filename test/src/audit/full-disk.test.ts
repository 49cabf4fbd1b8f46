import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { newTrail, verifyFiles } from '#test/audit-trail'
import { build } from '#test/helper'
import { until } from '#test/until'

interface Disk {
  folder: string
  remove: () => void
}

/** Mounts a tmpfs of the given size. @throws Error if this user isn't allowed to mount one */
function smallDisk (kilobytes: number): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder], { stdio: 'pipe' })
  } catch (error) {
    rmSync(folder, { recursive: true })
    throw error
  }
  return {
    folder,
    remove () {
      execFileSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true })
    }
  }
}

function canMount (): boolean {
  try {
    smallDisk(96).remove()
    return true
  } catch {
    return false
  }
}

/** If the environment variable `TMPFS` is set, the test is never skipped, and fails if a tmpfs can't be mounted. */
const isMissing = process.env.TMPFS === undefined && !canMount()
const skip = isMissing && 'this user is not allowed to mount a tmpfs'

/** Fills up the disk. */
function fill (file: string): void {
  try {
    for (;;) appendFileSync(file, Buffer.alloc(1_024))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  }
}

for (const durability of ['written', 'synced'] as const) {
  t.test(`no secret is returned while the disk is full, and requests succeed again once there is space: ${durability}`, { skip }, async (t) => {
    const { folder: disk, remove } = smallDisk(96)
    t.teardown(remove)
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(48 * 1024))
    const file = join(disk, 'audit.jsonl')
    const gateway = await build(t, { audit: { ...newTrail(), file, durability } })
    const path = '/environments/dev/secrets/a'
    t.equal((await gateway.send('PUT', path, { json: { value: 'canary-value-4711' } })).status, 201)
    const names = Array.from({ length: 9 }, (_, index) => `n${index}`)

    let answered = 0
    const statuses = new Map<number, number>()
    await until(async () => {
      // One of these requests writes few records and the other writes many, so that the disk fills up in the middle of a write.
      for (const reply of await Promise.all([gateway.send('GET', path), gateway.send('POST', '/environments/dev/values', { json: { names: ['a', ...names] } })])) {
        statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1)
        t.equal(reply.text.includes('canary'), reply.status === 200)
        if (reply.status === 200) answered++
      }
      return statuses.has(503)
    }, 0)
    t.ok(answered > 5)
    gateway.awsCalls.length = 0
    for (const method of ['GET', 'DELETE']) t.match(await gateway.send(method, path), { status: 503, json: { code: 'audit-unavailable' } })
    t.match(await gateway.send('GET', path, { token: null }), { status: 503 })
    t.same(gateway.awsCalls, [])
    t.match(gateway.log.join(''), /"reason":"ENOSPC"/)
    fill(join(disk, 'rest'))
    const isLasting = async (): Promise<boolean> => {
      const isRefused = (await gateway.send('GET', path)).status === 503
      await setTimeout(1_100)
      return isRefused && (await gateway.send('GET', path)).status === 503
    }
    await until(isLasting, 0)
    const full = statSync(file).size

    rmSync(join(disk, 'ballast'))
    await until(() => gateway.fastify.audit.isWritable)
    t.match(await gateway.send('GET', path), { status: 200, json: { value: 'canary-value-4711' } }, 'freeing space is enough to recover')
    t.ok(statSync(file).size > full)
    await gateway.fastify.close()
    const { findings, notes } = await verifyFiles(file)
    t.match([findings, notes], [[], [{ message: /^requests that were refused because they could not be recorded: \d+$/ }]])
    const outcomes = gateway.trail().filter(({ event, status }) => event === 'outcome' && status === 200)
    t.ok(outcomes.length >= answered + 1, 'every answered request is recorded')
  })
}
