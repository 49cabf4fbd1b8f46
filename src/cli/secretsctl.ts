import { inspect } from 'node:util'
import { outputsOf } from '#src/command-line/output'
import { run } from './program.ts'

// A reader such as `head` may close the pipe early (EPIPE). The command still completes and exits with its own status.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE') process.exit(1) })
}

try {
  process.exitCode = await run(process.argv.slice(2), process)
} catch (error) {
  // Node.js would print the error unescaped, with any control characters that the gateway sent.
  outputsOf(process).stderr.text(`This is a bug in secretsctl:\n${inspect(error)}\n`)
  process.exitCode = 1
}
