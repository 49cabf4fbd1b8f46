import closeWithGrace from 'close-with-grace'
import Fastify, { type FastifyInstance } from 'fastify'
import { app } from './app.ts'
import { standardOutput } from './audit/settings.ts'
import { outputsOf } from './command-line/output.ts'
import { releaseMemory } from './engine.ts'
import { banner } from './local-mode/banner.ts'
import { liveConfig, type LiveConfig } from './config/live.ts'
import { readVariables } from './config/load.ts'
import { ConfigError } from './config/issues.ts'
import type { Variables } from './config/schema.ts'
import { configSource, type ConfigSource } from './config/source.ts'
import { tracingFrom } from './config/tracing.ts'
import { withoutMessage } from './problems/problem.ts'
import { logDestination, type LogDestination } from './log/destination.ts'
import { inFormat } from './log/logfmt.ts'
import { assertLocalModeIntended, startLocalMode, type LocalMode } from './local-mode/local-mode.ts'
import { serverOptions } from './http/server-options.ts'

/** The exit status for an invalid configuration: EX_CONFIG in sysexits.h. */
const configurationError = 78

/**
 * The milliseconds from the start until memory is released. By then, everything that is loaded on demand after the start has been
 * loaded.
 */
const releaseAfter = 1_000

/** The milliseconds after which the process is killed if all requests and jobs have been aborted but it still runs. */
const endTimeout = 5_000

/** Starts the gateway with the configuration from the environment variables. @throws ConfigError */
async function start (): Promise<void> {
  const variables = readVariables(process.env)
  if (variables.GATEWAY_CONFIG === undefined) assertLocalModeIntended(process.env)
  const local = variables.GATEWAY_CONFIG === undefined ? await startLocalMode(variables) : undefined
  const source = configSource(variables.GATEWAY_CONFIG ?? '')
  const config = liveConfig(local?.config ?? source.load())

  // With the audit trail on standard output, the log goes to standard error.
  const descriptor = config.current.audit.file === standardOutput ? 2 : 1
  const log = logDestination(descriptor, (lines) => { fastify.log.warn({ lines }, 'log lines were dropped') })
  const { LOG_LEVEL: level, LOG_FORMAT: format, OTEL_SERVICE_NAME: service } = variables
  const fastify = Fastify(serverOptions(level, inFormat(format, log), config, service))
  await fastify.register(app, { config, dataDir: variables.GATEWAY_DATA_DIR, tracing: tracingFrom(variables) })
  const address = await listen(fastify, variables)
  setTimeout(releaseMemory, releaseAfter).unref()
  shutDownGracefully(fastify, log, local)
  if (variables.GATEWAY_CONFIG !== undefined) reloadOnChange(fastify, config, source, variables.GATEWAY_RELOAD_SECONDS)
  if (local === undefined) return
  // Printed last, so that the developer sees it below the log lines.
  log.flushSync()
  outputsOf(process).stdout.text(banner(address, local, showsToken(variables)))
}

/** Listens, and returns the gateway's URL. @throws ConfigError if the address is in use or can't be bound */
async function listen (fastify: FastifyInstance, { HOST: host, PORT: port }: Variables): Promise<string> {
  try {
    return await fastify.listen({ host, port, listenTextResolver: (address) => `listening on ${address}` })
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error && 'code' in error)) throw error
    throw new ConfigError([{ key: 'HOST, PORT', found: `${String(error.code)} on ${host}, ${port}`, expected: 'a free address' }])
  }
}

/** Returns true if the developer token is printed: if standard output is a terminal, or if `GATEWAY_PRINT_TOKEN` is `1`. */
const showsToken = ({ GATEWAY_PRINT_TOKEN }: Variables): boolean => process.stdout.isTTY || GATEWAY_PRINT_TOKEN === '1'

/**
 * Installs handlers that shut the process down gracefully after a signal or an uncaught error. They let requests in progress
 * finish, and then close everything. A second signal ends the process at once.
 */
function shutDownGracefully (fastify: FastifyInstance, log: LogDestination, local: LocalMode | undefined): void {
  closeWithGrace({
    // `shutDown` limits the time instead, because a reload may have changed the limits by the time of the signal.
    delay: false,
    logger: false,
    // If there is a configuration file, SIGHUP does not shut the process down, because it reloads the file.
    skip: local === undefined ? ['SIGHUP'] : [],
    onSecondSignal: () => { endIfHanging(fastify, log) }
  }, async ({ signal, err }) => {
    if (err !== undefined) fastify.log.fatal({ thrown: withoutMessage(err) }, 'crashed')
    else fastify.log.info({ signal }, 'closing')
    fastify.cutOff.addEventListener('abort', () => {
      fastify.log.error('requests or jobs did not end in time')
      setTimeout(() => { process.kill(process.pid, 'SIGKILL') }, endTimeout).unref()
    })
    // After an uncaught error, the gateway accepts no further requests.
    const isComplete = await fastify.shutDown({ delays: err === undefined })
    await local?.close()
    endIfHanging(fastify, log)
    if (!isComplete) process.exit(1)
  })
}

/** Ends the process if a write to the audit trail hangs, because Node.js would then not exit by itself. */
function endIfHanging ({ audit }: FastifyInstance, log: LogDestination): void {
  if (!audit.hangs) return
  /* c8 ignore next 2 -- test/src/audit/process.test.ts runs these lines, but a process that is killed reports no coverage. */
  log.flushSync()
  process.kill(process.pid, 'SIGKILL')
}

/**
 * Reloads the configuration on SIGHUP, and when one of its files has changed. If it is invalid, the current configuration stays
 * in use.
 *
 * @param seconds the interval at which the files are checked; if undefined, only SIGHUP causes a reload
 */
function reloadOnChange (fastify: FastifyInstance, config: LiveConfig, source: ConfigSource, seconds: number | undefined): void {
  const reload = (): void => {
    try {
      config.reload(source.load)
      fastify.log.info('the configuration was reloaded')
    } catch (error) {
      const mistakes = error instanceof ConfigError ? error.message.split('\n') : undefined
      fastify.log.error({ mistakes }, 'the configuration was NOT reloaded: the previous one stays in force')
    }
  }
  process.on('SIGHUP', reload)
  if (seconds !== undefined) setInterval(() => { if (source.hasChanged()) reload() }, seconds * 1_000).unref()
}

try {
  await start()
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  outputsOf(process).stderr.text(`The gateway does not start: its configuration is not valid.\n${error.message}\n`)
  process.exit(configurationError)
}
