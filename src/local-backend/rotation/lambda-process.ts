import { randomUUID } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import type { Done, Work } from './invoke-module.ts'

type Handler = (event: unknown, context: unknown) => unknown

/** An error that Lambda's Node.js runtime reports if it can't load the handler. `name` is Lambda's name for the error. */
class RuntimeError extends Error {
  constructor (name: string) {
    super()
    this.name = name
  }
}

/** Runs a rotation function for one step, as Lambda's Node.js runtime does, and sends the result to the parent process. */
process.once('message', (work: Work) => {
  const done = run(work).then(
    (): Done => ({ succeeded: true }),
    (error: unknown): Done => ({ succeeded: false, error: error instanceof Error ? error.name : undefined })
  )
  // Exits explicitly, because handles that the function left open would otherwise keep the process alive.
  void done.then((outcome) => process.send?.(outcome, () => process.exit()))
})

// The function must not outlive the process that called it.
process.once('disconnect', () => process.exit(1))

async function run ({ file, functionArn, event, timeout }: Work): Promise<void> {
  const end = performance.now() + timeout
  const handler = await loadHandler(file)
  await handler(event, {
    functionName: functionArn.split(':')[6],
    functionVersion: '$LATEST',
    invokedFunctionArn: functionArn,
    awsRequestId: randomUUID(),
    getRemainingTimeInMillis: () => Math.max(0, end - performance.now())
  })
}

async function loadHandler (file: string): Promise<Handler> {
  const module = await import(pathToFileURL(file).href).catch(() => {
    throw new RuntimeError('Runtime.ImportModuleError')
  }) as { handler?: unknown, default?: { handler?: unknown } }
  const handler = module.handler ?? module.default?.handler
  if (typeof handler !== 'function') throw new RuntimeError('Runtime.HandlerNotFound')
  return handler as Handler
}
