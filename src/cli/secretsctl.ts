import { run } from './program.ts'

// A reader such as `head` may close the pipe early (EPIPE). The command still completes and exits with its own status.
process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE') process.exit(1) })

process.exitCode = await run(process.argv.slice(2), process)
