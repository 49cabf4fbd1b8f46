import { run } from './program.ts'

// Whoever reads the output has had enough, as `head` has: what was begun is done all the same, and ends with its own status.
process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE') process.exit(1) })

process.exitCode = await run(process.argv.slice(2), process)
