import closeWithGrace from 'close-with-grace'
import Fastify, { type FastifyInstance } from 'fastify'
import { app } from './app.ts'
import { standardOutput } from './audit/settings.ts'
import { banner } from './local-mode/banner.ts'
import { liveConfig } from './config/live.ts'
import { loadConfig, readVariables } from './config/load.ts'
import { ConfigError } from './config/issues.ts'
import type { Variables } from './config/schema.ts'
import { withoutMessage } from './problems/problem.ts'
import { assertLocalModeIntended, startLocalMode, type LocalMode } from './local-mode/local-mode.ts'
import { serverOptions } from './http/server-options.ts'

/** EX_CONFIG of sysexits.h. */
const configurationError = 78

/** Milliseconds that requests under way have to end in, once the process is told to. */
const grace = 10_000

/** Starts the gateway as the environment variables say. @throws ConfigError */
async function start (): Promise<void> {
  const variables = readVariables(process.env)
  if (variables.GATEWAY_CONFIG === undefined) assertLocalModeIntended(process.env)
  const local = variables.GATEWAY_CONFIG === undefined ? await startLocalMode(variables) : undefined
  const config = liveConfig(local?.config ?? loadConfig(variables.GATEWAY_CONFIG ?? ''))

  // A trail on standard output has that to itself.
  const log = config.current.audit.file === standardOutput ? process.stderr : undefined
  const fastify = Fastify(serverOptions(variables.LOG_LEVEL, log, config))
  await fastify.register(app, { config, dataDir: variables.GATEWAY_DATA_DIR })
  const address = await listen(fastify, variables)
  endWell(fastify, local)
  if (variables.GATEWAY_CONFIG !== undefined) reloadOnHangup(fastify, variables.GATEWAY_CONFIG)
  if (local !== undefined) process.stdout.write(banner(address, local, showsToken(variables)))
}

/** @throws ConfigError where the address can't be had */
async function listen (fastify: FastifyInstance, { HOST: host, PORT: port }: Variables): Promise<string> {
  try {
    return await fastify.listen({ host, port, listenTextResolver: (address) => `listening on ${address}` })
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error && 'code' in error)) throw error
    throw new ConfigError([{ key: 'HOST, PORT', found: `${String(error.code)} on ${host}, ${port}`, expected: 'an address that is free' }])
  }
}

/** The token is shown to who sits at a terminal, and where it was asked for. */
const showsToken = ({ GATEWAY_PRINT_TOKEN }: Variables): boolean => process.stdout.isTTY || GATEWAY_PRINT_TOKEN === '1'

/** On a signal, and on an error that nobody caught, ends the requests under way and closes everything. */
function endWell (fastify: FastifyInstance, local: LocalMode | undefined): void {
  closeWithGrace({
    delay: grace,
    logger: false,
    // With a file, it is for reading that again.
    skip: local === undefined ? ['SIGHUP'] : [],
    onTimeout: () => { fastify.log.error('requests did not end in time') }
  }, async ({ signal, err }) => {
    if (err !== undefined) fastify.log.fatal({ thrown: withoutMessage(err) }, 'crashed')
    else fastify.log.info({ signal }, 'closing')
    // A connection that is kept alive after its last reply would hold the process until it times out.
    const idle = setInterval(() => { fastify.server.closeIdleConnections() }, 100)
    await fastify.close()
    clearInterval(idle)
    await local?.close()
    // Node.js would wait for a write to a disk that hangs, without an end.
    if (fastify.audit.hangs) process.kill(process.pid, 'SIGKILL')
  })
}

/** Takes up a changed file, whole or not at all. */
function reloadOnHangup (fastify: FastifyInstance, file: string): void {
  process.on('SIGHUP', () => {
    try {
      fastify.config.replace(loadConfig(file))
      fastify.log.info('the configuration was read again')
    } catch (error) {
      const mistakes = error instanceof ConfigError ? error.message.split('\n') : undefined
      fastify.log.error({ mistakes }, 'the configuration was NOT read again: the one before stays in force')
    }
  })
}

try {
  await start()
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`The gateway does not start: its configuration is not valid.\n${error.message}\n`)
  process.exit(configurationError)
}
