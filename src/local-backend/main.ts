import { runLocalBackend } from './command.ts'

await runLocalBackend(process.argv.slice(2))
