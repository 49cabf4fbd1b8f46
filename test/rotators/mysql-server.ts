import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import type { Test } from 'tap'
import { freePort } from '#test/free-port'
import { until } from '#test/until'
import { ownedBy } from './server.ts'

const run = promisify(execFile)

/** The MariaDB server, which the environment variable `MARIADB` can name. */
const daemon = process.env.MARIADB ?? '/usr/sbin/mariadbd'

/** The reason to skip tests that need MariaDB, or false if it is installed. If the variable is set, they fail without it instead. */
export const noMySql = process.env.MARIADB === undefined && !existsSync(daemon) ? 'MariaDB is not installed' : false

/** A running MariaDB server. */
export interface MySqlServer {
  port: number
  /** Returns the log so far, which contains every statement. */
  log: () => Promise<string>
  /** Carries out a statement as the user `root`, and returns its rows. */
  query: (sql: string) => Promise<RowDataPacket[]>
}

const root = { user: 'root', password: 'root-password', host: '127.0.0.1' }

/** Starts a MariaDB server that runs until the test ends. If the test runs as root, the server runs as user `mysql`. */
export async function startMySql (t: Test): Promise<MySqlServer> {
  const folder = await mkdtemp(join(tmpdir(), 'mysql-'))
  const as = process.getuid?.() === 0 ? await ownedBy('mysql', folder) : {}
  const data = join(folder, 'data')
  const port = await freePort()
  await run('mariadb-install-db', ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'], { ...as, cwd: folder } as object)
  const server = spawn(daemon, [
    '--no-defaults', `--datadir=${data}`, `--port=${port}`, `--socket=${join(folder, 'socket')}`, `--pid-file=${join(folder, 'pid')}`, '--bind-address=127.0.0.1',
    '--skip-name-resolve', '--general-log', `--general-log-file=${join(folder, 'log')}`
  ], { ...as, cwd: folder, stdio: 'ignore' })
  t.teardown(async () => {
    server.kill('SIGTERM')
    if (server.exitCode === null) await once(server, 'exit')
    await rm(folder, { recursive: true, force: true })
  })
  const asRoot = async (password: string, sql: string): Promise<RowDataPacket[]> => {
    const connection = await createConnection({ ...root, password, port })
    try {
      const [rows] = await connection.query<RowDataPacket[]>(sql)
      return rows
    } finally {
      await connection.end()
    }
  }
  await until(async () => server.exitCode !== null || asRoot('', 'SELECT 1').then(() => true, () => false), 100)
  await asRoot('', `CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '${root.password}'`).catch(async () =>
    asRoot('', `ALTER USER 'root'@'127.0.0.1' IDENTIFIED BY '${root.password}'`))
  return { port, log: async () => readFile(join(folder, 'log'), 'utf8'), query: async (sql) => asRoot(root.password, sql) }
}

/** Logs in, and returns the user's rights, or the code of the error. */
export async function grantsOf (port: number, user: string, password: string): Promise<string | string[]> {
  try {
    const connection = await createConnection({ host: '127.0.0.1', port, user, password })
    const [rows] = await connection.query<RowDataPacket[]>('SHOW GRANTS')
    await connection.end()
    return rows.flatMap(Object.values) as string[]
  } catch (error) {
    return (error as { code: string }).code
  }
}

/** The code of the error for a password that is not valid. */
export const accessDenied = 'ER_ACCESS_DENIED_ERROR'
