import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import type { Test } from 'tap'
import { freePort } from '#test/free-port'
import { until } from '#test/until'
import { ownedBy } from './server.ts'

const run = promisify(execFile)

/** A running PostgreSQL server. */
export interface PostgresServer {
  port: number
  /** Returns the log so far, which contains every statement. */
  log: () => Promise<string>
  query: (sql: string) => Promise<void>
}

const superuser = { user: 'postgres', password: 'superuser-password', database: 'postgres', host: '127.0.0.1' }

/**
 * Starts a PostgreSQL server that runs until the test ends. If the test runs as root, which PostgreSQL refuses, the server runs
 * as user `postgres`.
 */
export async function startPostgres (t: Test, binaries: string): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'postgresql-'))
  const as = process.getuid?.() === 0 ? await ownedBy('postgres', folder) : {}
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, superuser.password)
  await run(join(binaries, 'initdb'), ['-D', data, '-U', superuser.user, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`], { ...as, cwd: folder } as object)
  const port = await freePort()
  const server = spawn(join(binaries, 'postgres'), [
    '-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'log_statement=all',
    '-c', 'logging_collector=on', '-c', 'log_directory=.', '-c', 'log_filename=log', '-c', 'log_connections=on'
  ], { ...as, cwd: folder, stdio: 'ignore' })
  t.teardown(async () => {
    server.kill('SIGINT')
    if (server.exitCode === null) await once(server, 'exit')
    await rm(folder, { recursive: true, force: true })
  })
  const query = async (sql: string): Promise<void> => {
    const client = new Client({ ...superuser, port })
    await client.connect()
    await client.query(sql)
    await client.end()
  }
  await until(async () => server.exitCode !== null || query('SELECT 1').then(() => true, () => false), 100)
  return { port, log: async () => readFile(join(data, 'log'), 'utf8'), query }
}
