/**
 * Starts the gateway. Node.js loads all static imports of a module before it runs the module. So this module only configures
 * Node.js and V8, and then imports the rest dynamically.
 */
import { prepareEngine } from './engine.ts'

prepareEngine()
await import('./start.ts')
