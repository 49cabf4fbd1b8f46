import closeWithGrace from 'close-with-grace'
import Fastify, { type FastifyInstance } from 'fastify'
import { app } from './app.ts'
import { standardOutput } from './audit/settings.ts'
import { ConfigError } from './config/issues.ts'
import { liveConfig, type LiveConfig } from './config/live.ts'
import { loadConfig, readVariables } from './config/load.ts'
import type { Variables } from './config/schema.ts'
import { serverOptions } from './http/server-options.ts'
import { banner } from './local-mode/banner.ts'
import { assertLocalModeIntended, startLocalMode, type LocalMode } from './local-mode/local-mode.ts'
import { withoutMessage } from './problems/problem.ts'

/** The exit status for an invalid configuration: EX_CONFIG of sysexits.h. */
const configurationError = 78

/** In milliseconds: the time that requests under way have to finish in a graceful shutdown. */
const grace = 10_000

/** Starts the gateway as the environment variables describe it. @throws ConfigError */
async function start (): Promise<void> {
  const variables = readVariables(process.env)
  if (variables.GATEWAY_CONFIG === undefined) assertLocalModeIntended(process.env)
  const local = variables.GATEWAY_CONFIG === undefined ? await startLocalMode(variables) : undefined
  const config = liveConfig(local?.config ?? loadConfig(variables.GATEWAY_CONFIG ?? ''))

  // An audit trail on standard output must not be mixed with the log.
  const log = config.current.audit.file === standardOutput ? process.stderr : undefined
  const fastify = Fastify(serverOptions(variables.LOG_LEVEL, log, config))
  await fastify.register(app, { config, dataDir: variables.GATEWAY_DATA_DIR })
  const address = await listen(fastify, variables)
  closeOnSignal(fastify, local)
  if (variables.GATEWAY_CONFIG !== undefined) reloadOnHangup(fastify, config, variables.GATEWAY_CONFIG)
  if (local !== undefined) process.stdout.write(banner(address, local, showsToken(variables)))
}

/** @throws ConfigError if the address is not available */
async function listen (fastify: FastifyInstance, { HOST: host, PORT: port }: Variables): Promise<string> {
  try {
    return await fastify.listen({ host, port, listenTextResolver: (address) => `listening on ${address}` })
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error && 'code' in error)) throw error
    throw new ConfigError([{ key: 'HOST, PORT', found: `${String(error.code)} on ${host}, ${port}`, expected: 'an address that is free' }])
  }
}

/** The developer token is shown on a terminal, and anywhere else only on request: it could end up in a collected log. */
const showsToken = ({ GATEWAY_PRINT_TOKEN }: Variables): boolean => process.stdout.isTTY || GATEWAY_PRINT_TOKEN === '1'

/** Shuts down gracefully on a signal and on an uncaught error: finishes the requests under way and closes everything. */
function closeOnSignal (fastify: FastifyInstance, local: LocalMode | undefined): void {
  closeWithGrace({
    delay: grace,
    logger: false,
    // With a configuration file, SIGHUP reloads it.
    skip: local === undefined ? ['SIGHUP'] : [],
    onTimeout: () => { fastify.log.error('requests did not end in time') }
  }, async ({ signal, err }) => {
    if (err !== undefined) fastify.log.fatal({ thrown: withoutMessage(err) }, 'crashed')
    else fastify.log.info({ signal }, 'closing')
    // An idle keep-alive connection would otherwise hold the process until it times out.
    const idle = setInterval(() => { fastify.server.closeIdleConnections() }, 100)
    await fastify.close()
    clearInterval(idle)
    await local?.close()
    // Node.js does not exit while a write to an unresponsive disk is pending.
    if (fastify.audit.hangs) process.kill(process.pid, 'SIGKILL')
  })
}

/** Reloads a changed configuration file on SIGHUP, completely or not at all. */
function reloadOnHangup (fastify: FastifyInstance, config: LiveConfig, file: string): void {
  process.on('SIGHUP', () => {
    try {
      config.replace(loadConfig(file))
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
